import { type Grapheme, graphemesOf } from "./text-width.js";
import { type ScreenRow, emptyRow } from "./screen-row.js";
import type { Style } from "./palette.js";

/** A piece of text with one style. A newline in it ends a row. */
export interface Span {
  text: string;
  style: Style;
}

/** A character with its style. */
export interface Cell extends Grapheme {
  style: Style;
}

/**
 * Spans broken into rows of at most `width` cells: between words, between wide characters, and within words that are longer than a
 * row. The rows of a text begin with those of its beginning, but for the last.
 */
export function wrapSpans(spans: readonly Span[], width: number): ScreenRow[] {
  return wrapCells(cellsOf(spans), width).map(rowOfCells);
}

/** The same of cells. Spaces at which a row is broken hang at its end, so that nothing is lost. */
export function wrapCells(cells: readonly Cell[], width: number): Cell[][] {
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  let used = 0;
  /** Cells of the row before which it may be broken; 0 where it may not. */
  let breakAt = 0;
  let hasText = false;
  const finish = (rest: Cell[]) => {
    rows.push(row.slice(0, row.length - rest.length));
    row = rest;
    used = rest.reduce((sum, cell) => sum + cell.width, 0);
    breakAt = 0;
    hasText = rest.length > 0;
  };
  for (const cell of cells) {
    if (cell.text === "\n") {
      finish([]);
      continue;
    }
    const isSpace = cell.text === " ";
    if (cell.width > 1) breakAt = row.length;
    if (!isSpace && used + cell.width > width && row.length > 0) finish(breakAt === 0 ? [] : row.slice(breakAt));
    row.push(cell);
    used += cell.width;
    if (cell.width > 1 || (isSpace && hasText)) breakAt = row.length;
    hasText ||= !isSpace;
  }
  finish([]);
  return rows;
}

/** Spans on one row, however long. */
export function spansRow(spans: readonly Span[]): ScreenRow {
  return rowOfCells(cellsOf(spans));
}

/** The characters of spans. */
export function cellsOf(spans: readonly Span[]): Cell[] {
  return spans.flatMap(({ text, style }) =>
    text.split("\n").flatMap((line, index) => {
      const cells = graphemesOf(line).map((grapheme) => ({ ...grapheme, style }));
      return index === 0 ? cells : [{ text: "\n", width: 0, style }, ...cells];
    }),
  );
}

/** A row without the spaces at its end, which nobody sees. */
export function rowOfCells(cells: readonly Cell[]): ScreenRow {
  let end = cells.length;
  while (end > 0 && cells[end - 1]?.text === " ") end -= 1;
  if (end === 0) return emptyRow;
  let text = "";
  let width = 0;
  let run = "";
  let style: Style | undefined;
  for (const cell of cells.slice(0, end)) {
    if (cell.style !== style) {
      text += style?.(run) ?? "";
      run = "";
      style = cell.style;
    }
    run += cell.text;
    width += cell.width;
  }
  return { text: text + (style?.(run) ?? ""), width };
}
