import { spread, type Series } from "./cell.ts";
import { LineProcess } from "./peers/line-process.ts";
import { median } from "./report.ts";

/** Reads that spread more than this tell of somebody else on the machine. */
const QUIET = 1.15;
const ATTEMPTS = 3;

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

/** Measures all in turn, each round in another order, so that a busy machine hits all alike. */
export async function measureRounds(
  rounds: number,
  read: StreamingRead,
  contestants: readonly Contestant[],
): Promise<Rounds> {
  // The first time of each pays for pages and caches.
  for (const one of [...contestants, read]) await one.measure();
  let best: Rounds | undefined;
  for (let attempt = 0; attempt < ATTEMPTS && (best?.isNoisy ?? true); attempt += 1) {
    const values = contestants.map((): number[] => []);
    const reads: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      reads.push(await read.measure());
      for (let turn = 0; turn < contestants.length; turn += 1) {
        const index = (turn + round) % contestants.length;
        values[index]?.push((await contestants[index]?.measure()) ?? Number.NaN);
      }
    }
    const series = contestants.map(({ engine }, index) => ({ engine, values: values[index] ?? [] }));
    const measured = { series, reads, isNoisy: spread(reads) > QUIET };
    if (best === undefined || spread(reads) < spread(best.reads)) best = measured;
    if (best.isNoisy) console.error(`reads of ${median(reads).toFixed(1)} GB/s spread ${spread(reads).toFixed(2)}`);
  }
  if (best === undefined) throw new Error("no rounds");
  return best;
}
