import { cellName, rate, type Cell, type Gate } from "../cell.ts";
import { figureBound, verdict, type Figure } from "../report.ts";

/** A table of Markdown, padded as the formatter pads it. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)].join("\n");
}

const judged = (figure: Figure): string =>
  verdict(figure) === "ok" ? "ok" : `${verdict(figure)}: ${figureBound(figure)}`;

const shown = (cell: Cell, figure: Gate): string =>
  `${rate(cell, figure.ours).toPrecision(3)} / ${rate(cell, figure.theirs).toPrecision(3)}, ${figure.value.toFixed(2)} × ${judged(figure)}`;

/** A part's cells: a row for each file and number of threads, a column for each gate. */
export function cellTable(cells: readonly Cell[]): string {
  const column = (cell: Cell, { ours, theirs }: Gate) => `${cell.tokens} tokens: ${ours} / ${theirs}`;
  const columns = [...new Set(cells.flatMap((cell) => cell.figures.map((figure) => column(cell, figure))))];
  const row = ({ model, type, threads }: Cell) => `${model} ${type}, ${threads} thread${threads === 1 ? "" : "s"}`;
  const rows = new Map<string, string[]>();
  for (const cell of cells) {
    const entries = rows.get(row(cell)) ?? columns.map(() => "");
    for (const figure of cell.figures) entries[columns.indexOf(column(cell, figure))] = shown(cell, figure);
    rows.set(row(cell), entries);
  }
  return table([[cells[0]?.unit ?? "", ...columns], ...[...rows].map(([name, entries]) => [name, ...entries])]);
}

export const figureTable = (figures: readonly Figure[]): string =>
  table([
    ["what", "value", "gate"],
    ...figures.map((figure) => [
      figure.name,
      `${figure.value.toPrecision(3)} ${figure.unit}`,
      verdict(figure) === "" ? "" : judged(figure),
    ]),
  ]);

/** Cells measured while somebody else was at work. */
export const noisyNames = (cells: readonly Cell[]): string[] => cells.filter((cell) => cell.isNoisy).map(cellName);
