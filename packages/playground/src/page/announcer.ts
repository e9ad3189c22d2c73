import { type ReadonlySignal, signal } from "@preact/signals";

/** Something that screen readers say. */
export interface Announcement {
  readonly number: number;
  readonly text: string;
}

/** What was said before may still be on its way to a reader. */
const kept = 8;

/** What the page's live region says. */
export class Announcer {
  readonly #said = signal<readonly Announcement[]>([]);
  #last = 0;

  get said(): ReadonlySignal<readonly Announcement[]> {
    return this.#said;
  }

  say(text: string): void {
    if (text.trim() === "") return;
    this.#last += 1;
    // What says something does not depend on what was said.
    this.#said.value = [...this.#said.peek().slice(1 - kept), { number: this.#last, text }];
  }
}
