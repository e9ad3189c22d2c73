/** Cuts a growing text of Markdown into sentences for a voice, without its marks; code is told by its length. */
export class SentenceReader {
  readonly #segmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });
  /** A line that has no end yet. */
  #line = "";
  /** Lines of the block of code, in which this is. */
  #codeLines: number | undefined;

  /** Takes text, and gives back the sentences that it completes. */
  add(text: string): string[] {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    const said: string[] = [];
    for (const line of lines) this.#addLine(line, said);
    // A long line has sentences before it has an end.
    if (this.#codeLines === undefined && !this.#line.trimStart().startsWith("```")) {
      const { done, rest } = this.#sentences(this.#line);
      said.push(...done);
      if (done.length > 0) this.#line = rest;
    }
    return said;
  }

  /** Nothing more comes: what is left. */
  finish(): string[] {
    const said: string[] = [];
    if (this.#line !== "") this.#addLine(this.#line, said);
    this.#line = "";
    if (this.#codeLines !== undefined) said.push(codeOf(this.#codeLines));
    this.#codeLines = undefined;
    return said;
  }

  #addLine(line: string, said: string[]): void {
    const isFence = /^\s*(?:```|~~~)/.test(line);
    if (this.#codeLines !== undefined) {
      if (isFence) {
        said.push(codeOf(this.#codeLines));
        this.#codeLines = undefined;
      } else this.#codeLines += 1;
      return;
    }
    if (isFence) {
      this.#codeLines = 0;
      return;
    }
    const sentence = plain(line);
    if (sentence !== "") said.push(sentence);
  }

  #sentences(line: string): { done: string[]; rest: string } {
    const parts = Array.from(this.#segmenter.segment(line), ({ segment }) => segment);
    const rest = parts.pop() ?? "";
    return { done: parts.map(plain).filter((sentence) => sentence !== ""), rest };
  }
}

function codeOf(lines: number): string {
  return lines === 1 ? "Code, 1 line." : `Code, ${lines} lines.`;
}

/** Without the marks of Markdown, which voices would spell. */
function plain(line: string): string {
  return line
    .replace(/^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\d+[.)]\s+)+/, "")
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[*_`~|]+/g, "")
    .trim();
}
