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
  /** Weights, keys and values: what a token reads. */
  readonly bytes: number;
  /** What the streaming-read test of so many bytes gave in the same rounds, in GB/s. */
  readonly reads: readonly number[];
  /** Whether the reads kept spreading, so that the machine was not quiet. */
  readonly isNoisy: boolean;
  readonly figures: readonly Gate[];
}

/** A ratio that is to be reached. */
export interface Gate extends Figure {
  readonly ours: string;
  readonly theirs: string;
}

export type Measured = Omit<Cell, "figures">;

export const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values);

export const cellName = ({ part, model, type, threads, tokens }: Measured): string =>
  `${model} ${type}, ${threads} thread${threads === 1 ? "" : "s"}: ${part}, ${tokens} tokens`;

const valuesOf = ({ series }: Measured, engine: string): readonly number[] =>
  series.find((one) => one.engine === engine)?.values ?? [];

export const rate = (cell: Measured, engine: string): number => median(valuesOf(cell, engine));

/** Tokens per second that only read what a token needs. */
export const readLimit = ({ reads, bytes }: Measured): number => (1e9 * median(reads)) / bytes;

/** The ratio of two engines' medians as a gate. */
export function gate(cell: Measured, ours: string, theirs: string, bound: Pick<Figure, "atLeast" | "atMost">): Gate {
  const shown = (engine: string) => {
    const values = valuesOf(cell, engine);
    return `${median(values).toPrecision(4)} (±${(100 * (spread(values) - 1)).toFixed(0)} %)`;
  };
  return {
    name: `${cellName(cell)}, ${ours} / ${theirs}`,
    ours,
    theirs,
    value: rate(cell, ours) / rate(cell, theirs),
    unit: "×",
    ...bound,
    note: `${shown(ours)} / ${shown(theirs)} ${cell.unit}${cell.isNoisy ? "; noisy machine" : ""}`,
  };
}
