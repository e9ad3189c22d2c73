import { demoModel } from "@wick/demo-model";
import { runChild } from "../child.ts";
import { randomModel } from "../models.ts";
import { type Figure, median } from "../report.ts";

type Measured = Readonly<Record<"text" | "order", readonly { under: number; free: number; tokens: number }[]>>;

const models = [
  { name: "demo model", path: () => demoModel(), tokens: 200, rounds: 25 },
  { name: "Qwen3-0.6B's shape, Q4_0", path: () => randomModel("Q4_0"), tokens: 64, rounds: 7 },
] as const;

/** Decoding under a schema against decoding freely: of text alone, where a mask is all there is, and of a schema with structure. */
export function* measureDecode(): Generator<Figure> {
  for (const { name, path, tokens, rounds: times } of models) {
    const args = [String(path()), "2", String(tokens), String(times)];
    const measured = runChild<Measured>(new URL("decode.child.ts", import.meta.url), args);
    for (const [kind, about] of [
      ["text", "one long string"],
      ["order", "a schema of 5 kB"],
    ] as const) {
      const rounds = measured[kind];
      const [under, free] = [median(rounds.map((round) => round.under)), median(rounds.map((round) => round.free))];
      yield {
        name: `decode, ${name}, 2 threads: under ${about} against none`,
        value: median(rounds.map((round) => round.under / round.free)),
        unit: "×",
        atLeast: 0.95,
        note: `${under.toFixed(0)} against ${free.toFixed(0)} tokens/s, ${rounds[0]?.tokens} tokens`,
      };
    }
  }
}
