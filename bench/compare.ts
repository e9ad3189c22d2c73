import type { Cell, Gate, Measured } from "./cell.ts";
import type { Options } from "./options.ts";
import type { Engine } from "./peers/engine.ts";
import { measureRounds, StreamingRead, type Contestant } from "./rounds.ts";
import { bytesOfToken, type Subject } from "./subject.ts";

/** How many tokens are decoded for one value: what takes a second or so. */
const decodedFor = (subject: Subject): number => Math.max(8, Math.min(24, Math.round(12e9 / bytesOfToken(subject, 0))));

/** Decoding after a context, of one sequence or several at once. */
export function decoding(engine: Engine, subject: Subject, context: number, sequences = 1): Contestant {
  const tokens = decodedFor(subject);
  return {
    engine: sequences === 1 ? engine.name : `${engine.name} × ${sequences}`,
    measure: async () => (1000 * sequences * tokens) / (await engine.decode(context, tokens, sequences)),
  };
}

export const prefilling = (engine: Engine, tokens: number, name = engine.name): Contestant => ({
  engine: name,
  measure: async () => (1000 * tokens) / (await engine.prefill(tokens)),
});

/** What the contestants reach in the same rounds, and what `gates` makes of them. */
export async function compare(
  part: string,
  { rounds }: Options,
  subject: Subject,
  tokens: number,
  contestants: readonly Contestant[],
  gates: (cell: Measured) => Gate[],
  unit = "tokens/s",
): Promise<Cell> {
  const { shape, type, threads } = subject;
  const bytes = bytesOfToken(subject, tokens);
  await using read = new StreamingRead(bytes, threads);
  const measured = await measureRounds(rounds, read, contestants);
  const cell = { part, model: shape.name, type, threads, tokens, unit, bytes, ...measured };
  const figures = gates(cell);
  for (const { name, value, note } of figures) console.error(`${name}: ${value.toFixed(2)}, ${note}`);
  return { ...cell, figures };
}
