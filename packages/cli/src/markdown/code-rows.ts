import type { Palette } from "../terminal/palette.js";
import { type ScreenRow, emptyRow, rowOf } from "../terminal/screen-row.js";
import { textWidth } from "../terminal/text-width.js";
import { type Cell, cellsOf, rowOfCells } from "../terminal/styled-text.js";

/** Wider rules are no better. */
const widestRule = 80;
/** Lines of the screen that one row of code takes at most; its rest is then a row of its own. */
const linesPerRow = 4;

/** What stands above code. */
export function codeBegin(language: string, width: number, palette: Palette): ScreenRow {
  return rule(language === "" ? "" : `── ${language} `, width, palette);
}

/** What stands below it. */
export function codeEnd(width: number, palette: Palette): ScreenRow {
  return rule("", width, palette);
}

/**
 * A line of code. It is not broken, so that who copies it has it whole: the terminal does that. One that would fill the screen is.
 */
export function codeLine(line: string, width: number, palette: Palette): ScreenRow[] {
  const cells = cellsOf([{ text: line.replaceAll("\t", "    "), style: palette.plain }]);
  const rows: ScreenRow[] = [];
  let row: Cell[] = [];
  let used = 0;
  for (const cell of cells) {
    if (used + cell.width > width * linesPerRow) {
      rows.push(rowOfCells(row));
      row = [];
      used = 0;
    }
    row.push(cell);
    used += cell.width;
  }
  return [...rows, row.length === 0 ? emptyRow : rowOfCells(row)];
}

function rule(title: string, width: number, palette: Palette): ScreenRow {
  const text = title + "─".repeat(Math.max(0, Math.min(width, widestRule) - textWidth(title)));
  return rowOf(palette.dim(text), text);
}
