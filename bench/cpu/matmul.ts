import type { Options } from "../options.ts";
import { BLOCK_TYPES } from "../random-model/gguf-writer.ts";
import { median, type Figure } from "../report.ts";
import { measureRounds, StreamingRead } from "../rounds.ts";
import { runRustExample } from "../rust-example.ts";
import { QUANTIZED } from "../subject.ts";

/** What `throughput` goes through: so many matrices of so many weights. */
const WEIGHTS = 240 * 3072 * 1024;

/** The matrix–vector products alone against plain reads: what decoding could reach. */
export async function* measureMatmul({ types = QUANTIZED, threads, rounds }: Options): AsyncGenerator<Figure> {
  for (const type of types)
    for (const count of threads) {
      const { elements, bytes } = BLOCK_TYPES[type];
      await using read = new StreamingRead((WEIGHTS / elements) * bytes, count);
      const measure = async () =>
        bandwidth(runRustExample("wick-kernels", "throughput", ["--", String(count), type, "fastest"]));
      const { series, reads, isNoisy } = await measureRounds(rounds, read, [{ engine: "matmul", measure }]);
      const [products, limit] = [median(series[0]?.values ?? []), median(reads)];
      yield {
        name: `matrix × vector in ${type}, ${count} thread${count === 1 ? "" : "s"}, of the streaming-read test`,
        value: products / limit,
        unit: "×",
        atLeast: 0.8,
        note: `${products.toFixed(1)} / ${limit.toFixed(1)} GB/s${isNoisy ? "; noisy machine" : ""}`,
      };
    }
}

/** GB/s: type, tier, GB/s, … in the row below the heads. */
function bandwidth(table: string): number {
  const rate = Number(table.trim().split("\n").at(-1)?.trim().split(/\s+/)[2]);
  if (!Number.isFinite(rate)) throw new Error(`no rate in what the example printed:\n${table}`);
  return rate;
}
