import { printable } from "../output/printable.js";
import { FlowingText } from "../terminal/flowing-text.js";
import type { LiveRows } from "../terminal/live-rows.js";
import type { Palette } from "../terminal/palette.js";
import { type ScreenRow, emptyRow, rowOf } from "../terminal/screen-row.js";
import { blockRows, blocksOf, sourceRows } from "./block-rows.js";
import { codeBegin, codeEnd, codeLine } from "./code-rows.js";
import { MarkdownSplitter, type MarkdownPiece, type OpenPiece } from "./markdown-splitter.js";

/** What stands alone on a line and may become the mark of a block: it is not shown before more of the line is there. */
const undecidedLine = /(?:^|\n)[ >]*(?:[-+*=_#`~|:]+|\d{1,9}[.)]?|(?:`{3}|~{3})[^\n]*)[ \t]*$/;

/** A block longer than that goes on as text: it is read again with each change, and none that is meant to be read is so long. */
const longestBlock = 32 * 1024;

/**
 * A document of Markdown on a terminal, while it is being written.
 *
 * Blocks that are complete have been shown for good. The open one is shown as far as it is there, text that has no closing mark yet
 * as it came; a table, whose columns its last row decides, as its source, and no more of it than there is room for. Where a change
 * would be to rows that have left the screen, and after a resize, the block goes on as plain text: no row is ever shown twice, and none is lost.
 */
export class MarkdownDisplay {
  readonly #live: LiveRows;
  readonly #palette: Palette;
  #splitter = new MarkdownSplitter();
  /** How much of what the splitter has open is shown. */
  #shown = 0;
  #hasBlocks = false;
  /** The open block, where it goes on as text. */
  #flow: FlowingText | undefined;

  constructor(live: LiveRows, palette: Palette) {
    this.#live = live;
    this.#palette = palette;
  }

  write(text: string): void {
    const added = printable(text);
    if (added === "") return;
    const before = this.#splitter.copy();
    if (!this.#show(this.#splitter.push(added))) {
      this.#continueAsText(before);
      this.#show(this.#splitter.push(added));
    }
    if (this.#shown > longestBlock) this.#continueAsText(this.#splitter);
  }

  /** The document ends here. What is written next begins on a line of its own. */
  end(): void {
    const before = this.#splitter.copy();
    if (!this.#show(this.#splitter.end())) {
      this.#continueAsText(before);
      this.#show(this.#splitter.end());
    }
    this.#live.end();
  }

  /** What is open goes on as text behind what is shown of it. */
  #continueAsText(splitter: MarkdownSplitter): void {
    splitter.continueAsText(this.#shown);
    this.#splitter = splitter;
    this.#hasBlocks ||= this.#shown > 0;
    this.#shown = 0;
  }

  /** Shows pieces, and what is open behind them; false, and nothing is shown, where rows would change that cannot any more. */
  #show(pieces: readonly MarkdownPiece[]): boolean {
    const hasBlocks = this.#hasBlocks;
    let complete: ScreenRow[] = [];
    for (const piece of pieces) {
      if (piece.kind !== "text") {
        complete.push(...this.#rowsOf(piece));
        continue;
      }
      if (complete.length > 0) {
        if (!this.#fits(complete)) {
          this.#hasBlocks = hasBlocks;
          return false;
        }
        this.#live.show(complete);
        this.#live.settle(complete.length);
        complete = [];
      }
      this.#flowOn(piece.text);
      if (piece.isEnd) this.#endFlow();
    }
    const { open } = this.#splitter;
    const text = displayed(open);
    const opened = this.#openRows(open, text);
    const rows = [...complete, ...opened.rows];
    if (this.#flow !== undefined) return true;
    if (!this.#fits(rows)) {
      this.#hasBlocks = hasBlocks;
      return false;
    }
    this.#live.show(rows);
    this.#live.settle(complete.length);
    // White space at its end is not to be seen: it comes again with what goes on.
    const whole = text.trimEnd();
    this.#shown = whole.slice(0, whole.length - opened.hidden).trimEnd().length;
    return true;
  }

  /** Whether rows can be shown: those that cannot change any more stay as they are. */
  #fits(rows: readonly ScreenRow[]): boolean {
    const { fixed, isResized, shown } = this.#live;
    // What is shown was broken for another width, and where it is now the terminal knows alone.
    if (isResized) return false;
    return shown.slice(0, fixed).every(({ text }, index) => rows[index]?.text === text);
  }

  #rowsOf(piece: Exclude<MarkdownPiece, { kind: "text" }>): ScreenRow[] {
    const { columns } = this.#live;
    switch (piece.kind) {
      case "block":
        return this.#apart(blocksOf(piece.source).flatMap((block) => blockRows(block, columns, this.#palette)));
      case "code_begin":
        return this.#apart([codeBegin(piece.language, columns, this.#palette)]);
      case "code_line":
        return codeLine(piece.text, columns, this.#palette);
      case "code_end":
        return [codeEnd(columns, this.#palette)];
    }
  }

  /** A block behind a blank line, if there is one before it. */
  #apart(rows: readonly ScreenRow[]): ScreenRow[] {
    if (rows.length === 0) return [];
    const apart = this.#hasBlocks ? [emptyRow, ...rows] : [...rows];
    this.#hasBlocks = true;
    return apart;
  }

  /** The rows of what is open, and how much of its end they leave out. */
  #openRows(open: OpenPiece, text: string): { rows: ScreenRow[]; hidden: number } {
    const { columns } = this.#live;
    if (open.kind === "code_line") return { rows: codeLine(text, columns, this.#palette), hidden: 0 };
    const rows: ScreenRow[] = [];
    let hidden = 0;
    let hasBlocks = this.#hasBlocks;
    const blocks = blocksOf(text);
    for (const [index, block] of blocks.entries()) {
      if (hasBlocks) rows.push(emptyRow);
      hasBlocks = true;
      const isGrowing = block.type === "table" && index === blocks.length - 1;
      if (isGrowing) hidden = this.#addTableSource(rows, block.raw.trimEnd());
      else rows.push(...blockRows(block, columns, this.#palette));
    }
    return { rows, hidden };
  }

  /** Adds as many lines of a table's source as there is room for; how much of it there is none for. */
  #addTableSource(rows: ScreenRow[], source: string): number {
    const { columns, height } = this.#live;
    let hidden = source.length;
    for (const [index, line] of source.split(/(?<=\n)/).entries()) {
      const added = sourceRows(line, columns, this.#palette);
      if (index > 0 && rows.length + added.length >= height - 1) {
        rows.push(rowOf(this.#palette.dim("…"), "…"));
        return hidden;
      }
      rows.push(...added);
      hidden -= line.length;
    }
    return hidden;
  }

  #flowOn(text: string): void {
    if (this.#flow === undefined) {
      const { shown } = this.#live;
      this.#live.settle(shown.length - 1);
      const last = this.#live.shown[0];
      this.#flow = new FlowingText(this.#live, this.#palette.plain, last);
      if (last === undefined && this.#hasBlocks) this.#flow.add("\n");
      this.#hasBlocks = true;
    }
    if (text !== "") this.#flow.add(text.replaceAll("\t", "    "));
  }

  #endFlow(): void {
    this.#live.settle(this.#live.shown.length);
    this.#flow = undefined;
    this.#shown = 0;
  }
}

/** What is shown of an open piece. */
function displayed(open: OpenPiece): string {
  switch (open.kind) {
    case "none":
      return "";
    case "code_line":
      return open.text;
    case "block": {
      const undecided = undecidedLine.exec(open.source);
      return undecided === null ? open.source : open.source.slice(0, undecided.index);
    }
  }
}
