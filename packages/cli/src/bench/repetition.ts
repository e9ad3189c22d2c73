import type { Model, StepTrace } from "wick";
import { summary } from "./summary.js";

/** What one repetition took. Times are milliseconds; what the engine does not tell is absent. */
export interface Repetition {
  promptTokens: number;
  completionTokens: number;
  firstTokenMs?: number;
  promptMs?: number;
  prefillTokensPerSecond?: number;
  decodeTokensPerSecond?: number;
  /** A step that writes a token: the model alone. */
  forwardMs?: number;
  /** All else of such a step. */
  overheadMs?: number;
}

/** What is to be done. */
export interface Workload {
  promptTokens: number;
  tokens: number;
  signal: AbortSignal;
}

/**
 * Runs a prompt of random tokens, which no earlier one begins like, and lets the model write without an end of its own.
 *
 * @param index - Which repetition it is: the same has the same prompt.
 */
export async function repeat(model: Model, { promptTokens, tokens, signal }: Workload, index: number) {
  model.trace();
  const prompt = randomTokens(promptTokens, model.info.vocabularySize ?? 1, index);
  const request = { prompt, maxTokens: tokens, minTokens: tokens, ignoreEos: true, temperature: 0 };
  const { usage, timings } = await model.completions.complete(request, { signal });
  return repetitionOf(usage, timings, model.trace());
}

function repetitionOf(
  usage: Awaited<ReturnType<Model["completions"]["complete"]>>["usage"],
  timings: Awaited<ReturnType<Model["completions"]["complete"]>>["timings"],
  steps: readonly StepTrace[],
): Repetition {
  const { promptTokens = 0, completionTokens = 0, cachedTokens = 0 } = usage ?? {};
  const { firstTokenMs, promptMs, tokensPerSecond } = timings ?? {};
  const writing = steps.filter(({ promptRows, sampled }) => promptRows === 0 && sampled > 0);
  const forward = summary(writing.map(({ forwardMs }) => forwardMs));
  const overhead = summary(
    writing.map(({ queueMs, prepareMs, sampleMs, textMs }) => queueMs + prepareMs + sampleMs + textMs),
  );
  return {
    promptTokens,
    completionTokens,
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    ...(promptMs !== undefined && { promptMs }),
    ...(promptMs !== undefined &&
      promptMs > 0 && { prefillTokensPerSecond: ((promptTokens - cachedTokens) * 1000) / promptMs }),
    ...(tokensPerSecond !== undefined && { decodeTokensPerSecond: tokensPerSecond }),
    ...(forward !== undefined && { forwardMs: forward.median }),
    ...(overhead !== undefined && { overheadMs: overhead.median }),
  };
}

/** Numbers by shifts and exclusive ors (https://doi.org/10.18637/jss.v008.i14): they need to differ, and nothing else. */
function randomTokens(count: number, vocabulary: number, seed: number): number[] {
  let state = (Math.imul(seed + 1, 0x9e3779b1) | 1) >>> 0;
  return Array.from({ length: count }, () => {
    state = (state ^ (state << 13)) >>> 0;
    state = (state ^ (state >>> 17)) >>> 0;
    state = (state ^ (state << 5)) >>> 0;
    return state % vocabulary;
  });
}
