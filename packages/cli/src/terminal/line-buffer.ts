import { nextBoundary, previousBoundary } from "./text-width.js";

/** Text that is being edited, and where in it the cursor stands: always between characters as people count them. */
export class LineBuffer {
  #text = "";
  #cursor = 0;
  /** What was cut last. */
  #cut = "";

  get text(): string {
    return this.#text;
  }

  get cursor(): number {
    return this.#cursor;
  }

  set(text: string, cursor = text.length): void {
    this.#text = text;
    this.#cursor = cursor;
  }

  insert(text: string): void {
    this.#replace(this.#cursor, this.#cursor, text);
  }

  left(): void {
    if (this.#cursor > 0) this.#cursor = previousBoundary(this.#text, this.#cursor);
  }

  right(): void {
    if (this.#cursor < this.#text.length) this.#cursor = nextBoundary(this.#text, this.#cursor);
  }

  wordLeft(): void {
    this.#cursor = this.#wordStart();
  }

  wordRight(): void {
    this.#cursor = this.#wordEnd();
  }

  lineStart(): void {
    this.#cursor = this.#startOfLine();
  }

  lineEnd(): void {
    this.#cursor = this.#endOfLine();
  }

  /** A line up; false on the first. */
  up(): boolean {
    const start = this.#startOfLine();
    if (start === 0) return false;
    const column = this.#cursor - start;
    const above = this.#text.lastIndexOf("\n", start - 2) + 1;
    this.#cursor = this.#snapped(Math.min(above + column, start - 1));
    return true;
  }

  /** A line down; false on the last. */
  down(): boolean {
    const end = this.#endOfLine();
    if (end === this.#text.length) return false;
    const column = this.#cursor - this.#startOfLine();
    const below = this.#text.indexOf("\n", end + 1);
    this.#cursor = this.#snapped(Math.min(end + 1 + column, below === -1 ? this.#text.length : below));
    return true;
  }

  deleteLeft(): void {
    if (this.#cursor > 0) this.#replace(previousBoundary(this.#text, this.#cursor), this.#cursor, "");
  }

  deleteRight(): void {
    if (this.#cursor < this.#text.length) {
      this.#replace(this.#cursor, nextBoundary(this.#text, this.#cursor), "");
    }
  }

  /** Cuts to the end of the line, or the newline that ends it. */
  cutRight(): void {
    const end = this.#endOfLine();
    this.#cutOut(this.#cursor, end === this.#cursor ? Math.min(end + 1, this.#text.length) : end);
  }

  cutLeft(): void {
    this.#cutOut(this.#startOfLine(), this.#cursor);
  }

  cutWordLeft(): void {
    this.#cutOut(this.#wordStart(), this.#cursor);
  }

  cutWordRight(): void {
    this.#cutOut(this.#cursor, this.#wordEnd());
  }

  cutAll(): void {
    this.#cutOut(0, this.#text.length);
  }

  /** Puts in what was cut last. */
  paste(): void {
    this.insert(this.#cut);
  }

  #cutOut(from: number, to: number): void {
    if (from === to) return;
    this.#cut = this.#text.slice(from, to);
    this.#replace(from, to, "");
  }

  #replace(from: number, to: number, text: string): void {
    this.#text = this.#text.slice(0, from) + text + this.#text.slice(to);
    this.#cursor = from + text.length;
  }

  #startOfLine(): number {
    return this.#cursor === 0 ? 0 : this.#text.lastIndexOf("\n", this.#cursor - 1) + 1;
  }

  #endOfLine(): number {
    const end = this.#text.indexOf("\n", this.#cursor);
    return end === -1 ? this.#text.length : end;
  }

  #wordStart(): number {
    const [last = ""] = /[\p{L}\p{N}_]*[^\p{L}\p{N}_]*$/u.exec(this.#text.slice(0, this.#cursor)) ?? [];
    return this.#cursor - last.length;
  }

  #wordEnd(): number {
    const [next = ""] = /^[^\p{L}\p{N}_]*[\p{L}\p{N}_]*/u.exec(this.#text.slice(this.#cursor)) ?? [];
    return this.#cursor + next.length;
  }

  /** Not within a character: before it. */
  #snapped(index: number): number {
    return index > 0 && index < this.#text.length ? previousBoundary(this.#text, index + 1) : index;
  }
}
