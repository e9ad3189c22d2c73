import { stripVTControlCharacters } from "node:util";
import { graphemesOf, textWidth } from "./text-width.js";

/** A row of output. Wider than the screen, the terminal breaks it where a line is full. */
export interface ScreenRow {
  /** With its styles, which begin and end in it. */
  text: string;
  /** In cells. */
  width: number;
}

/** Where something is on the lines that a row takes. */
export interface PlaceOnLines {
  line: number;
  column: number;
}

export const emptyRow: ScreenRow = { text: "", width: 0 };

/** A row of a text that has no styles, or whose styles are known to take no cells. */
export function rowOf(text: string, plain = text): ScreenRow {
  return { text, width: textWidth(plain) };
}

/** How many lines of a screen a row takes. */
export function linesOf(row: ScreenRow, columns: number): number {
  return placeOf(row, row.width, columns).line + 1;
}

/**
 * Where the cursor is behind so many cells of a row. A wide character that does not fit at the end of a line goes to the next.
 * Behind the row's last line the cursor is still on it, also where that is full.
 */
export function placeOf({ text, width }: ScreenRow, cells: number, columns: number): PlaceOnLines {
  if (width <= columns) return { line: 0, column: cells };
  let line = 0;
  let column = 0;
  let passed = 0;
  for (const grapheme of graphemesOf(stripVTControlCharacters(text))) {
    if (passed >= cells) break;
    if (column + grapheme.width > columns) {
      line += 1;
      column = 0;
    }
    column += grapheme.width;
    passed += grapheme.width;
  }
  return column === columns && cells < width ? { line: line + 1, column: 0 } : { line, column };
}
