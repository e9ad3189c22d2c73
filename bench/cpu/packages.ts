import { gate, type Cell } from "../cell.ts";
import { compare, decoding, prefilling } from "../compare.ts";
import type { Options } from "../options.ts";
import { startMistralRs, startNodeLlamaCpp, startWick } from "../peers/engines.ts";
import { pathOf, subjects } from "../subject.ts";

/** What else a program can install, as its registry gives it. */
export async function* measurePackages(options: Options): AsyncGenerator<Cell> {
  for (const subject of subjects(options, ["Q4_0", "Q8_0", "Q4_K"])) {
    const engine = { path: pathOf(subject), threads: subject.threads, contextLength: 1024 };
    await using wick = await startWick(engine);
    await using nodeLlama = await startNodeLlamaCpp(engine);
    await using mistral = await startMistralRs(engine);
    const decoders = [wick, nodeLlama, mistral].map((of) => decoding(of, subject, 128));
    for (const [part, tokens, peers, contestants] of [
      ["decode, packages", 128, [nodeLlama, mistral], decoders],
      ["prefill, packages", 512, [nodeLlama], [wick, nodeLlama].map((of) => prefilling(of, 512))],
      // mistral.rs takes half a minute for 512.
      ["prefill, packages", 128, [mistral], [wick, mistral].map((of) => prefilling(of, 128))],
    ] as const) {
      yield await compare(part, options, subject, tokens, contestants, (measured) =>
        peers.map((peer) => gate(measured, wick.name, peer.name, { atLeast: 1.5 })),
      );
    }
  }
}
