import type { ChatResponse } from "wick";

/** Shows which responses a stream brings: how many of each kind, and the last as it is. */
export class ResponseTally {
  readonly #kinds: HTMLElement;
  readonly #last: HTMLElement;
  readonly #counts = new Map<ChatResponse["kind"], HTMLElement>();

  constructor(kinds: HTMLElement, last: HTMLElement) {
    this.#kinds = kinds;
    this.#last = last;
  }

  clear(): void {
    this.#counts.clear();
    this.#kinds.replaceChildren();
  }

  add(response: ChatResponse): void {
    const count = this.#counts.get(response.kind) ?? this.#row(response.kind);
    count.textContent = String(Number(count.textContent) + 1);
    this.#last.textContent = JSON.stringify(response, null, 2);
  }

  #row(kind: ChatResponse["kind"]): HTMLElement {
    const term = document.createElement("dt");
    term.textContent = kind;
    const count = document.createElement("dd");
    count.textContent = "0";
    this.#kinds.append(term, count);
    this.#counts.set(kind, count);
    return count;
  }
}
