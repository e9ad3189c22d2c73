import { median, type Figure } from "./report.ts";

/** What one engine reached in each round. */
export interface Series {
  readonly engine: string;
  readonly values: readonly number[];
}

/** One comparison: the same work by several engines, in the same rounds. */
export interface Cell {
  readonly part: string;
  readonly model: string;
  readonly type: string;
  readonly threads: number;
  /** Length of the context or the prompt. */
  readonly tokens: number;
  readonly unit: string;
  readonly series: readonly Series[];
  /** What the streaming-read test gave in the same rounds, in GB/s. */
  readonly reads: readonly number[];
  /** Whether the reads kept spreading, so that the machine was not quiet. */
  readonly isNoisy: boolean;
  /** The gates. */
  readonly figures: readonly Figure[];
}

export type Measured = Omit<Cell, "figures">;

export const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values);

export const cellName = ({ part, model, type, threads, tokens }: Measured): string =>
  `${model} ${type}, ${threads} thread${threads === 1 ? "" : "s"}: ${part}, ${tokens} tokens`;

export function rate({ series }: Measured, engine: string): number {
  return median(series.find((one) => one.engine === engine)?.values ?? []);
}

/** The ratio of two engines' medians as a gate. */
export function gate(cell: Measured, ours: string, theirs: string, bound: Pick<Figure, "atLeast" | "atMost">): Figure {
  const shown = (engine: string) => {
    const values = cell.series.find((one) => one.engine === engine)?.values ?? [];
    return `${median(values).toPrecision(4)} (±${(100 * (spread(values) - 1)).toFixed(0)} %)`;
  };
  return {
    name: `${cellName(cell)}, ${ours} / ${theirs}`,
    value: rate(cell, ours) / rate(cell, theirs),
    unit: "×",
    ...bound,
    note: `${shown(ours)} / ${shown(theirs)} ${cell.unit}${cell.isNoisy ? "; noisy machine" : ""}`,
  };
}
