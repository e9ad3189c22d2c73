// Wick through its public API: what a program waits for, from the call to the last response.
import { Model } from "wick";

import { serve } from "./serve.ts";

const [path = "", threads, contextLength, sequences, backend] = process.argv.slice(2);
const begin = performance.now();
const model = await Model.load(path, {
  backend: backend === "candle" ? "candle" : "cpu",
  threads: Number(threads),
  contextLength: Number(contextLength),
  maxSequences: Number(sequences),
});
const loadMs = performance.now() - begin;

/** From the call to the first token, and to the end. */
async function answer(prompt: readonly number[], maxTokens: number): Promise<{ firstTokenMs: number; ms: number }> {
  const start = performance.now();
  const stream = model.completions.stream({ prompt, maxTokens, ignoreEos: true, temperature: 0 });
  for await (const response of stream) {
    if (response.kind === "completion_chunk") continue;
    if (response.kind !== "completion_done") throw new Error(JSON.stringify(response));
    const { usage, timings } = response.completion;
    if (usage?.completionTokens !== maxTokens) throw new Error(`other work was done: ${JSON.stringify(usage)}`);
    return { firstTokenMs: timings?.firstTokenMs ?? Number.NaN, ms: performance.now() - start };
  }
  throw new Error("no end");
}

let prompts = 0;
const promptOf = (tokens: number, seed: number) =>
  Array.from({ length: tokens }, (_, index) => 1000 + ((7 * index + 13 * seed) % 40_000));

await serve(
  { version: "", loadMs },
  {
    prefill: async (tokens) => (await answer(promptOf(tokens, (prompts += 1)), 1)).ms,
    // The prompts stay the same and with them their keys and values, but for a last token: all begin in one step. The first token
    // belongs to the prompt.
    decode: async (context, tokens, parallel) => {
      const answers = await Promise.all(
        Array.from({ length: parallel }, (_, index) => answer(promptOf(context + 1, -1 - index), tokens + 1)),
      );
      return Math.max(...answers.map(({ ms }) => ms)) - Math.min(...answers.map(({ firstTokenMs }) => firstTokenMs));
    },
  },
);
await model.close();
