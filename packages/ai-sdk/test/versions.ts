// What the tests share: both versions of the SDK, and models whose every stream is checked.

import type { LanguageModelV3, LanguageModelV3CallOptions, LanguageModelV3StreamPart } from "@ai-sdk/provider";
import * as six from "ai-6";
import * as seven from "ai";
import { beforeAll } from "vitest";
import type { Model } from "wick";
import { type ScriptedModel, type ScriptedModelOptions, scriptedModel } from "wick/testing";
import { type WickModelOptions, wick } from "../src/index.ts";
import { checkStreamOrder } from "../src/stream-order/index.ts";

export type Ai = typeof seven;

/** The tests call what is the same in both; types of the sixth are in `types.test.ts`. */
export const versions: readonly { name: string; ai: Ai }[] = [
  { name: "ai 7", ai: seven },
  { name: "ai 6", ai: six as never },
];

/** Warnings are what tests look at; printed, they are noise. */
export function quietWarnings(): void {
  beforeAll(() => {
    globalThis.AI_SDK_LOG_WARNINGS = false;
  });
}

/** A stream of the model that breaks a rule of the order errors. */
export function checked(model: LanguageModelV3): LanguageModelV3 {
  return {
    ...model,
    doStream: async (options) => {
      const { stream, ...rest } = await model.doStream(options);
      return { ...rest, stream: checkStreamOrder(stream) };
    },
  };
}

/** A model from a script, and what it is in the SDK. */
export function scripted(
  options: ScriptedModelOptions,
  modelOptions?: WickModelOptions,
): { model: ScriptedModel; languageModel: LanguageModelV3 } {
  const model = scriptedModel(options);
  return { model, languageModel: checked(wick(model, modelOptions)) };
}

/** Options of a call, as the SDK makes them. */
export function callOf(options: Partial<LanguageModelV3CallOptions> = {}): LanguageModelV3CallOptions {
  return { prompt: [{ role: "user", content: [{ type: "text", text: "Hi" }] }], ...options };
}

/** All parts of a stream. */
export async function partsOf(
  model: LanguageModelV3,
  options: Partial<LanguageModelV3CallOptions> = {},
): Promise<LanguageModelV3StreamPart[]> {
  const { stream } = await model.doStream(callOf(options));
  return read(stream);
}

/** Everything that comes, in a list. */
export async function read<T>(items: AsyncIterable<T> | ReadableStream<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Waits until the engine has nothing to do for anyone. */
export async function untilIdle(model: Model): Promise<void> {
  const isIdle = () => {
    const { running, queued, parked } = model.stats();
    return running + queued + parked === 0;
  };
  while (!isIdle()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** What a promise is rejected with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It was not rejected.");
}
