import type { KeptTexts } from "../conversation/conversation-shelf.js";

/** What the browser keeps for this page, or, where it keeps nothing, what lasts as long as the page. */
export function keptTexts(): { kept: KeptTexts; isLasting: boolean } {
  try {
    // Reading it throws where a browser was told to keep nothing.
    const { localStorage } = globalThis;
    localStorage.getItem("");
    return { kept: localStorage, isLasting: true };
  } catch {
    return { kept: new PassingTexts(), isLasting: false };
  }
}

/** `Storage` in memory. */
export class PassingTexts implements KeptTexts {
  readonly #texts = new Map<string, string>();

  get length(): number {
    return this.#texts.size;
  }

  key(index: number): string | null {
    return [...this.#texts.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.#texts.set(key, text);
  }

  removeItem(key: string): void {
    this.#texts.delete(key);
  }
}
