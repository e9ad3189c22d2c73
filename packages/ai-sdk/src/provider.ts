/// <reference lib="esnext.disposable" preserve="true" />
import { type WickEmbeddingModelOptions, embeddingModel } from "./embedding-model.js";
import { noSuchModel } from "./error/sdk-error.js";
import { type WickModelOptions, chatLanguageModel, completionLanguageModel } from "./language-model.js";
import type { WickEmbeddingModel, WickLanguageModel } from "./sdk-types.js";
import type { WickCompletionOptions } from "./request/wick-options.js";
import { LazyModel, type ModelEntry } from "./lazy-model.js";

/** Also where the runtime is older than the symbol; transpilers look for it under the same key. */
const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);

/**
 * What {@link createWick} makes a provider of.
 *
 * @example
 * ```ts
 * const options = {
 *   models: { small: () => Model.load("./small.gguf"), hosted: Model.connect({ provider: "mistral", model: "mistral-small-latest", apiKey }) },
 * } satisfies WickProviderOptions;
 * ```
 */
export interface WickProviderOptions<
  M extends Readonly<Record<string, ModelEntry>> = Readonly<Record<string, ModelEntry>>,
> {
  /** The models by name, or how to get them: a function is called at the model's first call, and once. */
  models: M;
  /** Of all chats. */
  chat?: WickModelOptions | undefined;
  /** Of all raw text. */
  completion?: WickModelOptions<WickCompletionOptions> | undefined;
  /** Of all embeddings. */
  embedding?: WickEmbeddingModelOptions | undefined;
}

/**
 * A provider of Wick's models. Called, it gives a chat model. Closed by `await using`, or by hand.
 *
 * @example
 * ```ts
 * const provider: WickProvider<"small"> = createWick({ models: { small: () => Model.load("./small.gguf") } });
 * ```
 */
export interface WickProvider<N extends string = string> extends AsyncDisposable {
  /** The SDK's third interface. */
  readonly specificationVersion: "v3";
  /** A chat model. */
  (name: N): WickLanguageModel;
  /** A chat model. */
  languageModel(name: N): WickLanguageModel;
  /** A chat model. */
  chat(name: N): WickLanguageModel;
  /** Raw text of a model, without its chat template. */
  completionModel(name: N): WickLanguageModel;
  /** Vectors of a model. */
  embeddingModel(name: N): WickEmbeddingModel;
  /** The same, under its name of `ai` 5. */
  textEmbeddingModel(name: N): WickEmbeddingModel;
  /**
   * Wick makes no images.
   *
   * @throws `NoSuchModelError`, always.
   */
  imageModel(name: string): never;
  /**
   * Closes the models that were loaded by the provider's functions, and no others; what `await using` calls. Calls that come later
   * fail. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Makes a provider of models by name, for programs that choose among several, and for `createProviderRegistry`. For one model,
 * {@link wick} is enough.
 *
 * @param options - The models.
 *
 * @example
 * ```ts
 * import { createWick } from "@wick/ai-sdk";
 * import { generateText } from "ai";
 * import { Model } from "wick";
 *
 * await using provider = createWick({ models: { small: () => Model.load("Qwen/Qwen3-0.6B-GGUF:Q8_0") } });
 * const { text } = await generateText({ model: provider("small"), prompt: "Why is the sky blue?" });
 * ```
 */
export function createWick<const M extends Readonly<Record<string, ModelEntry>>>(
  options: WickProviderOptions<M>,
): WickProvider<keyof M & string> {
  const { chat: chatOptions = {}, completion: completionOptions = {}, embedding: embeddingOptions = {} } = options;
  const models = new Map(Object.entries(options.models).map(([name, entry]) => [name, new LazyModel(entry)]));

  function modelOf(name: string, modelType: "languageModel" | "embeddingModel"): LazyModel {
    const model = models.get(name);
    if (model !== undefined) return model;
    const known = [...models.keys()].join(", ");
    throw noSuchModel({ modelId: name, modelType }, `No such ${modelType}: ${name}. This provider has: ${known}.`);
  }

  const chat = (name: string) => chatLanguageModel(name, modelOf(name, "languageModel"), chatOptions);
  const completionModel = (name: string) =>
    completionLanguageModel(name, modelOf(name, "languageModel"), completionOptions);
  const embedding = (name: string) => embeddingModel(name, modelOf(name, "embeddingModel"), embeddingOptions);
  const close = async () => {
    await Promise.all([...models.values()].map((model) => model.close()));
  };
  return Object.assign((name: string) => chat(name), {
    specificationVersion: "v3" as const,
    languageModel: chat,
    chat,
    completionModel,
    embeddingModel: embedding,
    textEmbeddingModel: embedding,
    imageModel: (name: string): never => {
      throw noSuchModel({ modelId: name, modelType: "imageModel" }, "Wick makes no images.");
    },
    close,
    [asyncDispose]: close,
  });
}
