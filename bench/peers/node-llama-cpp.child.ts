// node-llama-cpp as npm installs it: its sequence's own calls on token ids.
import type { NodeLlamaCpp } from "./node-llama-cpp.ts";
import { serve } from "./serve.ts";

const [path = "", threads, contextLength, , entry = ""] = process.argv.slice(2);
const { getLlama } = (await import(entry)) as NodeLlamaCpp;
const begin = performance.now();
const llama = await getLlama({ gpu: false, build: "never", logLevel: "disabled", maxThreads: Number(threads) });
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: Number(contextLength), threads: Number(threads) });
const sequence = context.getSequence();
const loadMs = performance.now() - begin;

let prompts = 0;
const promptOf = (tokens: number, seed: number) =>
  Array.from({ length: tokens }, (_, index) => 1000 + ((7 * index + 13 * seed) % 40_000));

async function prefill(tokens: number, seed: number): Promise<number> {
  await sequence.clearHistory();
  const start = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(promptOf(tokens, seed));
  return performance.now() - start;
}

let kept = 0;
await serve(
  { version: "3.22.1", loadMs },
  {
    prefill: async (tokens) => {
      kept = 0;
      return await prefill(tokens, (prompts += 1));
    },
    decode: async (tokensBefore, tokens) => {
      if (kept === tokensBefore)
        await sequence.eraseContextTokenRanges([{ start: tokensBefore - 1, end: sequence.nextTokenIndex }]);
      else await prefill(tokensBefore - 1, -1);
      kept = tokensBefore;
      let start = 0;
      let generated = 0;
      for await (const _ of sequence.evaluate([1000], { temperature: 0, yieldEogToken: true })) {
        if (generated === 0) start = performance.now();
        if (generated === tokens) break;
        generated += 1;
      }
      return performance.now() - start;
    },
  },
);
await llama.dispose();
