import { gate, type Cell } from "../cell.ts";
import { compare, decoding, prefilling } from "../compare.ts";
import type { Options } from "../options.ts";
import { startMistralRs, startNodeLlamaCpp, startWick } from "../peers/engines.ts";
import { pathOf, subjects } from "../subject.ts";

/** The packages as their registries give them, and a prompt that they are through with in seconds. */
const PACKAGES = [
  { start: startNodeLlamaCpp, prompt: 512 },
  { start: startMistralRs, prompt: 128 },
];

/** What else a program can install. */
export async function measurePackages(options: Options): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const subject of subjects(options, ["Q4_0", "Q8_0", "Q4_K"])) {
    const engine = { path: pathOf(subject), threads: subject.threads, contextLength: 1024 };
    await using wick = await startWick(engine);
    for (const { start, prompt } of PACKAGES) {
      await using peer = await start(engine);
      for (const [part, tokens, contestants] of [
        ["decode", 128, [wick, peer].map((of) => decoding(of, subject, 128))],
        ["prefill", prompt, [wick, peer].map((of) => prefilling(of, prompt))],
      ] as const) {
        const name = `${part} beside ${peer.name}`;
        const cell = await compare(name, options, subject, tokens, contestants, (measured) => [
          gate(measured, wick.name, peer.name, { atLeast: 1.5 }),
        ]);
        cells.push(cell);
      }
    }
  }
  return cells;
}
