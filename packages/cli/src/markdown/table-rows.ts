import type { Tokens } from "marked";
import type { Palette } from "../terminal/palette.js";
import { type ScreenRow, rowOf } from "../terminal/screen-row.js";
import { type Span, spansRow, wrapSpans } from "../terminal/styled-text.js";
import { inlineSpans } from "./inline-spans.js";

/** Columns narrower than that break every word. */
const narrowest = 6;
const gap = " │ ";

type Cells = Span[][];

/** A table in columns; where the screen has no room for them, each of its rows as lines of `title: cell`. */
export function tableRows({ header, rows, align }: Tokens.Table, width: number, palette: Palette): ScreenRow[] {
  const titles = header.map(({ tokens }) => inlineSpans(tokens, palette, palette.strong));
  const body = rows.map((cells) => cells.map(({ tokens }) => inlineSpans(tokens, palette)));
  const natural = header.map((_, column) =>
    Math.max(1, ...[titles, ...body].map((cells) => spansRow(flat(cells[column])).width)),
  );
  const widths = fitted(natural, width - gap.length * (header.length - 1));
  if (widths === undefined) return recordRows(titles, body, width, palette);
  const rule = widths.map((columnWidth) => "─".repeat(columnWidth)).join("─┼─");
  const bar = rowOf(palette.dim(gap), gap);
  const line = (cells: Cells) => lineRows(cells, widths, align, bar);
  return [...line(titles), rowOf(palette.dim(rule), rule), ...body.flatMap(line)];
}

/** Widths of the columns that fit: the widest give way first. Nothing where none fit. */
function fitted(natural: readonly number[], width: number): number[] | undefined {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one, 0) - width;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) return undefined;
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}

function lineRows(cells: Cells, widths: readonly number[], align: Tokens.Table["align"], bar: ScreenRow): ScreenRow[] {
  const columns = widths.map((width, column) => wrapSpans(flat(cells[column]), width));
  const height = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map((rows, column) => {
      const isLast = column === columns.length - 1;
      return padded(rows[line] ?? rowOf(""), widths[column] ?? 0, align[column] ?? null, isLast);
    });
    return parts.reduce((left, right) => ({
      text: left.text + bar.text + right.text,
      width: left.width + bar.width + right.width,
    }));
  });
}

function padded(row: ScreenRow, width: number, align: Tokens.Table["align"][number], isLast: boolean): ScreenRow {
  const free = width - row.width;
  const before = align === "right" ? free : align === "center" ? Math.floor(free / 2) : 0;
  const after = isLast ? 0 : free - before;
  return { text: " ".repeat(before) + row.text + " ".repeat(after), width: before + row.width + after };
}

function recordRows(titles: Cells, body: readonly Cells[], width: number, palette: Palette): ScreenRow[] {
  const rule = "─".repeat(Math.min(width, 20));
  return body.flatMap((cells, index) => {
    const lines = cells.flatMap((cell, column) =>
      wrapSpans([...flat(titles[column]), { text: ": ", style: palette.dim }, ...cell], width),
    );
    return index === 0 ? lines : [rowOf(palette.dim(rule), rule), ...lines];
  });
}

/** A cell on one line, as a table has it. */
function flat(cell: readonly Span[] | undefined): Span[] {
  return (cell ?? []).map(({ text, style }) => ({ text: text.replaceAll("\n", " "), style }));
}
