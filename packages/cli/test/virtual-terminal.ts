import { graphemesOf } from "../src/terminal/text-width.ts";

/** Styles of a cell, as the numbers of the sequences that are on. */
type Cell = { text: string; style: string };

/**
 * As much of a terminal as the program uses: text that is broken where a line is full, the sequences of a cursor, of clearing and
 * of styles. What left the screen is kept, as terminals keep it.
 */
export class VirtualTerminal {
  columns: number;
  rows: number;
  /** Lines that left the screen, and those on it. */
  #lines: Cell[][] = [[]];
  /** Lines that go on in the next since they were full. */
  #broken = new Set<Cell[]>();
  /** Lines above the screen. */
  #top = 0;
  #row = 0;
  #column = 0;
  #style = new Set<string>();
  /** All that was written, in calls. */
  readonly writes: string[] = [];

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(output: string): void {
    this.writes.push(output);
    // oxlint-disable-next-line no-control-regex -- sequences begin with one
    for (const [sequence, parameters, final] of output.matchAll(/\u001B\[([?\d;]*)([A-Za-z])|[^\u001B]+/g)) {
      if (final === undefined) this.#text(sequence);
      else this.#control(parameters ?? "", final);
    }
  }

  /** All lines, without spaces at their ends, as text. */
  get text(): string {
    return this.#trimmed(({ text }) => text);
  }

  /** The same with a mark wherever the style changes. */
  get styled(): string {
    let last = "";
    return this.#trimmed(({ text, style }) => {
      const mark = style === last ? "" : `<${style}>`;
      last = style;
      return mark + text;
    });
  }

  /**
   * Breaks what was broken since a line was full anew, as most terminals do.
   *
   * @param pullsBack - Whether lines that left the screen come back to one that grew: terminals differ in that.
   */
  resize(columns: number, rows: number, pullsBack: boolean): void {
    const before = this.#lines;
    const lines: Cell[][] = [];
    const broken = new Set<Cell[]>();
    let at = { row: 0, column: 0 };
    let used = 0;
    let top = 0;
    let isOpen = false;
    for (const [row, line] of before.entries()) {
      if (!isOpen) {
        lines.push([]);
        used = 0;
      }
      if (row === this.#top) top = lines.length - 1;
      for (const [column, cell] of [...line, undefined].entries()) {
        if (row === this.#row && column === Math.min(this.#column, line.length)) {
          at = { row: lines.length - 1, column: used + Math.max(0, this.#column - line.length) };
        }
        if (cell === undefined) continue;
        const isWide = line[column + 1]?.text === "";
        if (used + (isWide ? 2 : 1) > columns) {
          broken.add(lines.at(-1) ?? []);
          lines.push([]);
          used = 0;
        }
        lines.at(-1)?.push(cell);
        used += 1;
      }
      isOpen = this.#broken.has(line);
    }
    Object.assign(this, { columns, rows });
    this.#lines = lines;
    this.#broken = broken;
    this.#row = at.row;
    this.#column = at.column;
    const first = pullsBack ? Math.max(0, lines.length - rows) : top;
    this.#top = Math.max(Math.min(first, at.row), at.row - rows + 1);
  }

  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: Math.min(this.#column, this.columns - 1) };
  }

  #trimmed(show: (cell: Cell) => string): string {
    return this.#lines
      .map((line) => {
        let end = line.length;
        while (end > 0 && (line[end - 1]?.text ?? " ") === " ") end -= 1;
        return Array.from(line.slice(0, end), (cell) => show(cell ?? { text: " ", style: "" })).join("");
      })
      .join("\n")
      .replace(/\n+$/, "");
  }

  #text(text: string): void {
    for (const part of text.split(/([\r\n])/)) {
      if (part === "\r") this.#column = 0;
      else if (part === "\n") {
        this.#broken.delete(this.#line());
        this.#down();
      } else for (const { text: character, width } of graphemesOf(part)) this.#put(character, width);
    }
  }

  #put(text: string, width: number): void {
    if (this.#column + width > this.columns) {
      this.#broken.add(this.#line());
      this.#column = 0;
      this.#down();
    }
    const line = this.#line();
    const style = [...this.#style].toSorted().join("+");
    line[this.#column] = { text, style };
    // The second half of a wide character.
    if (width === 2) line[this.#column + 1] = { text: "", style };
    this.#column += width;
  }

  #down(): void {
    this.#row += 1;
    if (this.#row - this.#top >= this.rows) this.#top += 1;
    this.#line();
  }

  #line(): Cell[] {
    while (this.#lines.length <= this.#row) this.#lines.push([]);
    return this.#lines[this.#row] ?? [];
  }

  #control(parameters: string, final: string): void {
    const count = Number(parameters === "" ? 1 : parameters.split(";")[0]);
    switch (final) {
      case "A":
        // A cursor stays on the screen.
        this.#row = Math.max(this.#top, this.#row - count);
        return;
      case "B":
        this.#row = Math.min(this.#top + this.rows - 1, this.#row + count);
        this.#line();
        return;
      case "C":
        this.#column = Math.min(this.columns - 1, this.#column + count);
        return;
      case "K":
        this.#broken.delete(this.#line());
        this.#line().length = Math.min(this.#line().length, Math.min(this.#column, this.columns - 1));
        return;
      case "J":
        if (parameters === "2") for (let row = this.#top; row < this.#lines.length; row += 1) this.#lines[row] = [];
        else {
          this.#broken.delete(this.#line());
          this.#line().length = Math.min(this.#line().length, Math.min(this.#column, this.columns - 1));
          this.#lines.length = this.#row + 1;
        }
        return;
      case "H":
        this.#row = this.#top;
        this.#column = 0;
        return;
      case "m":
        this.#setStyle(parameters);
        return;
      case "h":
      case "l":
        return;
      default:
        throw new Error(`This terminal does not know ${JSON.stringify(`${parameters}${final}`)}.`);
    }
  }

  #setStyle(parameters: string): void {
    const groups: Record<string, readonly string[]> = { "22": ["1", "2"], "23": ["3"], "24": ["4"], "29": ["9"] };
    const isColor = (style: string) => /^[39]\d$/.test(style) && style !== "9";
    for (const parameter of parameters.split(";")) {
      if (parameter === "" || parameter === "0") this.#style.clear();
      else if (parameter === "39") for (const style of [...this.#style].filter(isColor)) this.#style.delete(style);
      else if (groups[parameter] !== undefined) for (const style of groups[parameter]) this.#style.delete(style);
      else this.#style.add(parameter);
    }
  }
}
