import { type ReadonlySignal, effect, signal } from "@preact/signals";
import type { KeptTexts } from "../conversation/conversation-shelf.js";

const key = "wick.theme";
const names = ["system", "light", "dark"] as const;

/** Light, dark, or as the system has it. */
export type ThemeName = (typeof names)[number];

/** How the page looks. */
export class Theme {
  readonly #name = signal<ThemeName>("system");

  constructor(kept: KeptTexts) {
    const text = kept.getItem(key);
    this.#name.value = names.find((name) => name === text) ?? "system";
    effect(() => {
      document.documentElement.dataset["theme"] = this.#name.value;
      try {
        kept.setItem(key, this.#name.value);
      } catch {
        // It holds for this visit.
      }
    });
  }

  get name(): ReadonlySignal<ThemeName> {
    return this.#name;
  }

  /** The next of the three. */
  next(): void {
    this.#name.value = names[(names.indexOf(this.#name.value) + 1) % names.length] ?? "system";
  }
}
