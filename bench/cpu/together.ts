import { gate, rate, type Cell } from "../cell.ts";
import { compare, decoding, prefilling } from "../compare.ts";
import type { Options } from "../options.ts";
import { startLlamaCpp, startWick } from "../peers/engines.ts";
import { pathOf, subjects } from "../subject.ts";

const SEQUENCES = 4;

/** Four sequences at once: Wick's streams, against itself alone and against a batch of llama.cpp's. */
export async function* measureTogether(options: Options): AsyncGenerator<Cell> {
  for (const subject of subjects(options)) {
    const engine = { path: pathOf(subject), threads: subject.threads, contextLength: 2048, sequences: SEQUENCES };
    await using wick = await startWick(engine);
    await using llama = await startLlamaCpp(engine);
    for (const context of options.tokens ?? [128]) {
      const contestants = [
        decoding(wick, subject, context),
        decoding(wick, subject, context, SEQUENCES),
        decoding(llama, subject, context, SEQUENCES),
        prefilling(wick, 512, "wick's prefill of 512"),
      ];
      const [alone = "", ours = "", theirs = "", prefill = ""] = contestants.map((contestant) => contestant.engine);
      yield await compare("4 at once", options, subject, context, contestants, (measured) => {
        const atLeast = Math.min(2.5, (0.7 * rate(measured, prefill)) / rate(measured, alone));
        return [gate(measured, ours, alone, { atLeast }), gate(measured, ours, theirs, { atLeast: 2 })];
      });
    }
  }
}
