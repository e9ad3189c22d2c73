// The types alone, which `tsc` checks: what is said here to be wrong must be.

import type { EmbeddingModelV3, LanguageModelV3, ProviderV3 } from "@ai-sdk/provider";
import type * as six from "ai-6";
import type * as seven from "ai";
import { expectTypeOf, test } from "vitest";
import type { Model } from "wick";
import {
  type WickChatOptions,
  type WickCompletionOptions,
  type WickEmbeddingModel,
  type WickEmbeddingOptions,
  type WickLanguageModel,
  type WickProvider,
  createWick,
  wick,
  wickCompletion,
  wickEmbedding,
} from "../src/index.ts";
import { checkStreamOrder } from "../src/stream-order/index.ts";

type ModelOf<F extends (options: never) => unknown> = Parameters<F>[0] extends { model: infer M } ? M : never;

test("a model is what both versions take", () => {
  expectTypeOf(wick).returns.toExtend<ModelOf<typeof seven.streamText>>();
  expectTypeOf(wick).returns.toExtend<ModelOf<typeof six.streamText>>();
  expectTypeOf(wick).returns.toExtend<ModelOf<typeof seven.generateObject>>();
  expectTypeOf(wick).returns.toExtend<ModelOf<typeof six.generateObject>>();
  expectTypeOf(wickCompletion).returns.toExtend<seven.LanguageModel>();
  expectTypeOf(wickCompletion).returns.toExtend<six.LanguageModel>();
  expectTypeOf(wickEmbedding).returns.toExtend<seven.EmbeddingModel>();
  expectTypeOf(wickEmbedding).returns.toExtend<six.EmbeddingModel>();
});

test("and no `any`, which would be everything", () => {
  expectTypeOf(wick).returns.toEqualTypeOf<WickLanguageModel>();
  expectTypeOf(wick).returns.toExtend<LanguageModelV3>();
  expectTypeOf(wick).returns.not.toBeAny();
  expectTypeOf(wickEmbedding).returns.toEqualTypeOf<WickEmbeddingModel>();
  expectTypeOf(wickEmbedding).returns.toExtend<EmbeddingModelV3>();
  expectTypeOf<string>().not.toExtend<Parameters<typeof wick>[0]>();
});

test("a provider has the names that it was made with", () => {
  const make = (model: Model) => createWick({ models: { small: model, large: async () => model } });
  expectTypeOf(make).returns.toEqualTypeOf<WickProvider<"small" | "large">>();
  expectTypeOf(make).returns.toExtend<ProviderV3>();
  expectTypeOf(make).returns.toExtend<Parameters<typeof seven.createProviderRegistry>[0][string]>();
  expectTypeOf(make).returns.toExtend<Parameters<typeof six.createProviderRegistry>[0][string]>();
  expectTypeOf<WickProvider<"small">>().parameter(0).toEqualTypeOf<"small">();
});

test("options of Wick are options of a provider", () => {
  type Seventh = NonNullable<Parameters<typeof seven.generateText>[0]["providerOptions"]>;
  type Sixth = NonNullable<Parameters<typeof six.generateText>[0]["providerOptions"]>;
  expectTypeOf<WickChatOptions>().toExtend<Seventh[string] & Sixth[string]>();
  expectTypeOf<WickCompletionOptions>().toExtend<Seventh[string] & Sixth[string]>();
  expectTypeOf<WickEmbeddingOptions>().toExtend<Seventh[string] & Sixth[string]>();
  const chat: WickChatOptions = {
    minP: 0.1,
    stop: ["a"],
    reasoning: { effort: "low", maxTokens: 100 },
    logitBias: { 5: -100 },
    responseFormat: { type: "json_schema", jsonSchema: { name: "a", schemaDefinition: { type: "object" } } },
    timeoutMs: 1000,
  };
  expectTypeOf({ wick: chat }).toExtend<Seventh & Sixth>();
  // @ts-expect-error -- no such field
  const misspelt: WickChatOptions = { minp: 0.1 };
  // @ts-expect-error -- follows from the call
  const reserved: WickChatOptions = { messages: [] };
  expectTypeOf([misspelt, reserved]).not.toBeAny();
});

test("a check takes the parts of both interfaces", () => {
  type Fourth = Awaited<ReturnType<seven.LanguageModelMiddleware["wrapStream"] & object>>["stream"];
  const check = (stream: Fourth) => checkStreamOrder(stream);
  expectTypeOf(check).returns.toEqualTypeOf<Fourth>();
});
