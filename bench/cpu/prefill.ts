import { gate, type Cell } from "../cell.ts";
import { compare, prefilling } from "../compare.ts";
import type { Options } from "../options.ts";
import { startLlamaCpp, startWick } from "../peers/engines.ts";
import { pathOf, subjects } from "../subject.ts";

/** A prompt, to its first token. */
export async function* measurePrefill(options: Options): AsyncGenerator<Cell> {
  const prompts = options.tokens ?? [512, 2048];
  for (const subject of subjects(options)) {
    const engine = {
      path: pathOf(subject),
      threads: subject.threads,
      contextLength: Math.max(...prompts) + 256,
    };
    await using wick = await startWick(engine);
    await using llama = await startLlamaCpp(engine);
    for (const tokens of prompts) {
      const contestants = [wick, llama].map((of) => prefilling(of, tokens));
      yield await compare("prefill", options, subject, tokens, contestants, (measured) => [
        gate(measured, wick.name, llama.name, { atLeast: 1.5 }),
      ]);
    }
  }
}
