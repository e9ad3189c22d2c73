/** Pieces that are joined at once; more would be slower to join, and fewer would leave more behind. */
const joined = 256;

/**
 * Text that grows by small pieces. JavaScript's own `+=` keeps every piece until someone reads the whole, which takes many times its
 * memory for an answer of a hundred thousand tokens.
 */
export class GrowingText {
  #whole = "";
  #recent: string[] = [];

  add(piece: string): void {
    if (piece === "") return;
    this.#recent.push(piece);
    if (this.#recent.length === joined) this.#join();
  }

  toString(): string {
    this.#join();
    return this.#whole;
  }

  #join(): void {
    this.#whole += this.#recent.join("");
    this.#recent = [];
  }
}
