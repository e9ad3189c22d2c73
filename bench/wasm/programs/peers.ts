// A page that keeps one model loaded in one engine, with one thread and without a GPU, and measures it on demand.

import { Wllama } from "@wllama/wllama/esm/index.js";
import { Model } from "wick";

/** Where the time went. The first token belongs to the prompt. */
interface Times {
  promptTokens: number;
  promptMs: number;
  generated: number;
  decodeMs: number;
}

type Answer = (prompt: string, maxTokens: number) => Promise<Times>;

async function openWick(bytes: ArrayBuffer, wasmUrl: string): Promise<Answer> {
  const model = await Model.load(bytes, { contextLength: 1024, maxSequences: 1, worker: true, wasmUrl });
  return async (prompt, maxTokens) => {
    const { usage, timings } = await model.completions.complete({ prompt, maxTokens, temperature: 0, ignoreEos: true });
    return {
      promptTokens: usage?.promptTokens ?? 0,
      promptMs: timings?.promptMs ?? Number.NaN,
      generated: usage?.completionTokens ?? 0,
      decodeMs: timings?.decodeMs ?? Number.NaN,
    };
  };
}

async function openWllama(bytes: ArrayBuffer): Promise<Answer> {
  const wllama = new Wllama({ default: "/wllama.wasm" }, { suppressNativeLog: true });
  await wllama.loadModel([new Blob([bytes])], { n_threads: 1, n_gpu_layers: 0, n_ctx: 1024 });
  return async (prompt, maxTokens) => {
    const options = { max_tokens: maxTokens, temperature: 0, ignore_eos: true, cache_prompt: false };
    const { timings } = await wllama.createCompletion({ prompt, ...options });
    if (timings === undefined) throw new Error("no timings");
    return {
      promptTokens: timings.prompt_n,
      promptMs: timings.prompt_ms,
      generated: timings.predicted_n,
      decodeMs: timings.predicted_ms,
    };
  };
}

const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const pairs = letters.flatMap((left) => letters.map((right) => left + right));

/** In the vocabulary of the random models a space is a token, and so is each pair of letters. */
const promptOf = (tokens: number, seed: number): string =>
  Array.from({ length: tokens / 2 }, (_, index) => ` ${pairs[(7 * index + 13 * seed) % pairs.length] ?? ""}`).join("");

let answer: Answer | undefined;
let seed = 0;

/** Loads the model at `url` with the module at `wasmUrl`, or in wllama. */
async function openModel(url: string, wasmUrl: string | null): Promise<void> {
  const bytes = await (await fetch(url)).arrayBuffer();
  answer = wasmUrl === null ? await openWllama(bytes) : await openWick(bytes, wasmUrl);
}

/** Milliseconds of a prompt that is new, and of so many tokens after the first. */
async function measure(tokens: number, decoded: number): Promise<{ promptMs: number; decodeMs: number }> {
  const times = await answer?.(promptOf(tokens, (seed += 1)), decoded + 1);
  if (times?.promptTokens !== tokens || times.generated !== decoded + 1)
    throw new Error(`other work was done: ${JSON.stringify(times)}`);
  return times;
}

Object.assign(globalThis, { openModel, measure });
