import { gate, type Cell } from "../cell.ts";
import { compare } from "../compare.ts";
import { pathOf, subjects, type Subject } from "../subject.ts";
import type { Options } from "../options.ts";
import type { Engine, EngineOptions } from "../peers/engine.ts";
import { startLlamaCpp, startWick } from "../peers/engines.ts";
import type { Contestant } from "../rounds.ts";

/** From the call that loads a file out of the page cache to the first token of a short prompt, each time in a new process. */
export async function* measureFirstToken(options: Options): AsyncGenerator<Cell> {
  for (const subject of subjects(options, ["Q4_0"]))
    for (const tokens of options.tokens ?? [16]) {
      const contestants = [
        starting("wick", startWick, subject, tokens),
        starting("llama.cpp", startLlamaCpp, subject, tokens),
      ];
      yield await compare(
        "load to first token",
        options,
        subject,
        tokens,
        contestants,
        (measured) => [gate(measured, "wick", "llama.cpp", { atMost: 1 })],
        "ms",
      );
    }
}

function starting(
  engine: string,
  start: (options: EngineOptions) => Promise<Engine>,
  subject: Subject,
  tokens: number,
): Contestant {
  return {
    engine,
    measure: async () => {
      await using started = await start({ path: pathOf(subject), threads: subject.threads, contextLength: 1024 });
      return started.loadMs + (await started.prefill(tokens));
    },
  };
}
