/** One measured figure, with its bound where the project promises one. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Its bound, for times and sizes. */
  readonly atMost?: number;
  /** Its bound, for speeds. */
  readonly atLeast?: number;
  readonly note?: string;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? Number.NaN;
}

export function verdict({ value, atMost, atLeast }: Figure): string {
  if (atMost === undefined && atLeast === undefined) return "";
  return value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity) ? "ok" : "MISSED";
}

export function figureBound({ atMost, atLeast, unit }: Figure): string {
  const text =
    atMost === undefined ? (atLeast === undefined ? "" : `≥ ${shown(atLeast)} ${unit}`) : `≤ ${shown(atMost)} ${unit}`;
  return text.trimEnd();
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));

/** Prints a table for people, then one line of JSON for programs. */
export function report(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    `${figure.value.toPrecision(4)} ${figure.unit}`,
    figureBound(figure),
    verdict(figure),
    figure.note ?? "",
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  console.log(JSON.stringify({ node: process.version, platform: `${process.platform}-${process.arch}`, figures }));
}
