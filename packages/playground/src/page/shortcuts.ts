import { type ReadonlySignal, signal } from "@preact/signals";
import type { KeptTexts } from "../conversation/conversation-shelf.js";

const key = "wick.shortcuts";

/** A key without others, pressed where nobody writes. */
export interface Shortcut {
  readonly key: string;
  readonly does: string;
  act(): void;
}

/** Keys of the page. Single letters can be turned off: voices and restless hands press them by chance (WCAG 2.1.4). */
export class Shortcuts {
  readonly all: readonly Shortcut[];
  readonly #isOn = signal(true);
  readonly #kept: KeptTexts;

  constructor(all: readonly Shortcut[], kept: KeptTexts) {
    this.all = all;
    this.#kept = kept;
    this.#isOn.value = kept.getItem(key) !== "off";
  }

  get isOn(): ReadonlySignal<boolean> {
    return this.#isOn;
  }

  turn(isOn: boolean): void {
    this.#isOn.value = isOn;
    try {
      this.#kept.setItem(key, isOn ? "on" : "off");
    } catch {
      // It holds for this visit.
    }
  }

  /** Does what a key stands for; whether it stands for anything. */
  press(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "target">): boolean {
    if (!this.#isOn.value || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return false;
    const shortcut = this.all.find((one) => one.key === event.key);
    shortcut?.act();
    return shortcut !== undefined;
  }
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
