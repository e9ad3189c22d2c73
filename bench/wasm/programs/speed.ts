// A page that runs one model on either engine, with one thread and without a GPU.

import { Wllama } from "@wllama/wllama/esm/index.js";
import { Model } from "wick";

/** Tokens per second. */
export interface Speed {
  promptTokens: number;
  prefill: number;
  decode: number;
}

const prompt = "The quick brown fox jumps over the lazy dog. ".repeat(4);
const decoded = 32;

async function measureWick(bytes: ArrayBuffer): Promise<Speed> {
  const model = await Model.load(bytes, { contextLength: 1024, maxSequences: 1, worker: true });
  const { usage, timings: { promptMs = 0, tokensPerSecond = 0 } = {} } = await model.completions.complete({
    prompt,
    maxTokens: decoded,
    temperature: 0,
    ignoreEos: true,
  });
  await model.close();
  if (usage?.completionTokens !== decoded) throw new Error(`other work was done: ${JSON.stringify(usage)}`);
  const { promptTokens } = usage;
  return { promptTokens, prefill: (1000 * promptTokens) / promptMs, decode: tokensPerSecond };
}

async function measureWllama(bytes: ArrayBuffer): Promise<Speed> {
  const wllama = new Wllama({ default: "/wllama.wasm" }, { suppressNativeLog: true });
  await wllama.loadModel([new Blob([bytes])], { n_threads: 1, n_gpu_layers: 0, n_ctx: 1024 });
  const { timings } = await wllama.createCompletion({
    prompt,
    max_tokens: decoded,
    temperature: 0,
    ignore_eos: true,
    cache_prompt: false,
  });
  await wllama.exit();
  if (timings?.predicted_n !== decoded) throw new Error(`other work was done: ${JSON.stringify(timings)}`);
  const { prompt_n: promptTokens, prompt_per_second: prefill, predicted_per_second: decode } = timings;
  return { promptTokens, prefill, decode };
}

/** Both after each other, so that a busy machine hits both alike. */
async function measure(url: string): Promise<{ wick: Speed; wllama: Speed }> {
  const bytes = await (await fetch(url)).arrayBuffer();
  return { wick: await measureWick(bytes), wllama: await measureWllama(bytes) };
}

Object.assign(globalThis, { measure });
