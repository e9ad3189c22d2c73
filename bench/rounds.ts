import { spread, type Series } from "./cell.ts";
import { LineProcess } from "./peers/line-process.ts";

/** Reads that spread more than this tell of somebody else on the machine. */
const QUIET = 1.15;
/** How many times as many rounds are measured at most. */
const REPEATS = 2;

export interface Contestant {
  readonly engine: string;
  measure(): Promise<number>;
}

export interface Rounds {
  readonly series: readonly Series[];
  readonly reads: readonly number[];
  readonly isNoisy: boolean;
}

/** The streaming-read test: so many bytes by so many threads, in GB/s. */
export class StreamingRead implements AsyncDisposable {
  readonly #process: LineProcess;

  constructor(bytes: number, threads: number) {
    const example = ["run", "--quiet", "--release", "-p", "wick-kernels", "--example", "streaming_read"];
    this.#process = new LineProcess("cargo", [...example, "--", String(Math.round(bytes)), String(threads)]);
  }

  async measure(): Promise<number> {
    return Number(await this.#process.ask(""));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

/**
 * Measures all in turn, each round in another order, so that a busy machine hits all alike. Rounds in which reads were slower
 * than in the others are repeated, as long as it is worth it.
 */
export async function measureRounds(
  rounds: number,
  read: StreamingRead,
  contestants: readonly Contestant[],
): Promise<Rounds> {
  // The first time of each pays for pages and caches.
  for (const one of [...contestants, read]) await one.measure();
  const measured: Round[] = [];
  let kept: readonly Round[] = [];
  while (measured.length < REPEATS * rounds && !(kept.length === rounds && isQuiet(kept))) {
    const values = contestants.map(() => Number.NaN);
    const before = await read.measure();
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const index = (turn + measured.length) % contestants.length;
      values[index] = (await contestants[index]?.measure()) ?? Number.NaN;
    }
    measured.push({ read: before, values });
    kept = measured.toSorted((left, right) => right.read - left.read).slice(0, rounds);
  }
  return {
    series: contestants.map(({ engine }, index) => ({
      engine,
      values: kept.map(({ values }) => values[index] ?? Number.NaN),
    })),
    reads: kept.map((round) => round.read),
    isNoisy: !isQuiet(kept),
  };
}

interface Round {
  readonly read: number;
  readonly values: readonly number[];
}

const isQuiet = (rounds: readonly Round[]): boolean => spread(rounds.map((round) => round.read)) <= QUIET;
