import { demoModel } from "@wick/demo-model";
import { runChild } from "../child.ts";
import { randomModel } from "../models.ts";
import { type Figure, median } from "../report.ts";

type Measured = Readonly<Record<"free" | "text" | "order", readonly { rate: number; tokens: number }[]>>;

const models = [
  { name: "demo model", path: () => demoModel(), tokens: 200, rounds: 25 },
  { name: "Qwen3-0.6B's shape, Q4_0", path: () => randomModel("Q4_0"), tokens: 64, rounds: 7 },
] as const;

/** Decoding under a schema against decoding freely: of text alone, where a mask is all there is, and of a schema with structure. */
export function* measureDecode(): Generator<Figure> {
  for (const { name, path, tokens, rounds } of models) {
    const args = [String(path()), "2", String(tokens), String(rounds)];
    const measured = runChild<Measured>(new URL("decode.child.ts", import.meta.url), args);
    const rate = (kind: keyof Measured) => median(measured[kind].map((round) => round.rate));
    for (const [kind, about] of [
      ["text", "one long string"],
      ["order", "a schema of 5 kB"],
    ] as const) {
      yield {
        name: `decode, ${name}, 2 threads: under ${about} against none`,
        value: rate(kind) / rate("free"),
        unit: "×",
        atLeast: 0.95,
        note: `${rate(kind).toFixed(0)} against ${rate("free").toFixed(0)} tokens/s, ${measured[kind][0]?.tokens} tokens`,
      };
    }
  }
}
