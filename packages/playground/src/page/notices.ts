import { type ReadonlySignal, signal } from "@preact/signals";
import type { Announcer } from "./announcer.js";

/** Something to tell, with something to do about it. */
export interface Notice {
  readonly number: number;
  readonly text: string;
  readonly isProblem: boolean;
  readonly action?: { readonly label: string; readonly act: () => void };
}

/** What is told in passing stays so long. */
const passingMs = 12_000;
const most = 3;

/** What the page has to tell: problems until they are closed, the rest for a while. */
export class Notices {
  readonly #shown = signal<readonly Notice[]>([]);
  readonly #announcer: Announcer;
  #last = 0;

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
  }

  get shown(): ReadonlySignal<readonly Notice[]> {
    return this.#shown;
  }

  problem(text: string): void {
    if (this.#shown.peek().some((notice) => notice.isProblem && notice.text === text)) return;
    this.#show({ text, isProblem: true });
  }

  tell(text: string, action?: Notice["action"]): void {
    const number = this.#show({ text, isProblem: false, ...(action !== undefined && { action }) });
    setTimeout(() => this.close(number), passingMs);
  }

  close(number: number): void {
    this.#shown.value = this.#shown.peek().filter((notice) => notice.number !== number);
  }

  #show(notice: Omit<Notice, "number">): number {
    this.#last += 1;
    this.#shown.value = [...this.#shown.peek().slice(1 - most), { ...notice, number: this.#last }];
    this.#announcer.say(notice.text);
    return this.#last;
  }
}
