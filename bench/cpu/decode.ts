import { gate, rate, readLimit, type Cell } from "../cell.ts";
import { compare, decoding } from "../compare.ts";
import type { Options } from "../options.ts";
import { startLlamaCpp, startWick } from "../peers/engines.ts";
import { median } from "../report.ts";
import { pathOf, subjects } from "../subject.ts";

/** One sequence, after a short and a long context. */
export async function* measureDecode(options: Options): AsyncGenerator<Cell> {
  const contexts = options.tokens ?? [128, 2048];
  for (const subject of subjects(options)) {
    const engine = {
      path: pathOf(subject),
      threads: subject.threads,
      contextLength: Math.max(...contexts) + 256,
    };
    await using wick = await startWick(engine);
    await using llama = await startLlamaCpp(engine);
    for (const context of contexts) {
      const contestants = [wick, llama].map((of) => decoding(of, subject, context));
      yield await compare("decode", options, subject, context, contestants, (measured) => {
        const limit = readLimit(measured);
        const atLeast = Math.min(1.5, (0.7 * limit) / rate(measured, llama.name));
        const against = gate(measured, wick.name, llama.name, { atLeast });
        const share = `${((100 * rate(measured, wick.name)) / limit).toFixed(0)} % of the read limit`;
        return [{ ...against, note: `${against.note}; ${share}, ${median(measured.reads).toFixed(1)} GB/s` }];
      });
    }
  }
}
