import type { EmbeddingRequest, Model } from "wick";
import { callError } from "./error/call-error.js";
import { LazyModel } from "./lazy-model.js";
import { callOptions } from "./request/call-options.js";
import { definedFields } from "./request/defined-fields.js";
import { Warnings } from "./request/warnings.js";
import type { WickEmbeddingModel } from "./sdk-types.js";
import { type WickEmbeddingOptions, wickOptions } from "./request/wick-options.js";

/** Texts of one request, as Wick's engine has it. */
const mostTexts = 2048;

/**
 * How a model of Wick is an embedding model of the SDK's.
 *
 * @example
 * ```ts
 * const options: WickEmbeddingModelOptions = { maxEmbeddingsPerCall: 100, defaults: { normalize: false } };
 * ```
 */
export interface WickEmbeddingModelOptions {
  /** Fields of every request, below what a call says. */
  defaults?: WickEmbeddingOptions | undefined;
  /** Texts of one call, beyond which the SDK makes several; 2048. Some hosts take fewer. */
  maxEmbeddingsPerCall?: number | undefined;
}

/**
 * Makes a model of Wick an embedding model of the Vercel AI SDK, of versions 6 and 7. Closing it stays the program's.
 *
 * @param model - From `Model.load` or `Model.connect`.
 *
 * @example
 * ```ts
 * const { embeddings } = await embedMany({ model: wickEmbedding(model), values: ["red", "blue"] });
 * ```
 */
export function wickEmbedding(model: Model, options: WickEmbeddingModelOptions = {}): WickEmbeddingModel {
  return embeddingModel(model.info.id, new LazyModel(model), options);
}

/** Vectors of a model that may have to be loaded first. A plain object, as language models are. */
export function embeddingModel(
  modelId: string,
  lazy: LazyModel,
  { defaults = {}, maxEmbeddingsPerCall = mostTexts }: WickEmbeddingModelOptions,
): WickEmbeddingModel {
  const provider = "wick.embedding";
  return {
    specificationVersion: "v3",
    provider,
    modelId,
    maxEmbeddingsPerCall,
    supportsParallelCalls: true,
    async doEmbed(options) {
      const { abortSignal } = options;
      try {
        const model = await lazy.get(abortSignal);
        const warnings = new Warnings();
        const given = wickOptions(options.providerOptions);
        const { timeoutMs } = { ...defaults, ...given };
        // An option of `ai` 7, which the third version of the interface has no name for.
        const { dimensions } = options as { dimensions?: unknown };
        const list = await model.embeddings.create(
          {
            ...definedFields<EmbeddingRequest>({
              ...defaults,
              ...(dimensions !== undefined && { dimensions }),
              ...given,
              timeoutMs: undefined,
            }),
            inputs: options.values,
          },
          callOptions(options, { timeoutMs, backend: model.info.backend }, warnings),
        );
        return {
          embeddings: list.data.map(({ embedding }) => [...embedding]),
          ...(list.usage !== undefined && { usage: { tokens: list.usage.promptTokens } }),
          response: { body: list },
          warnings: warnings.list(),
        };
      } catch (error) {
        if (abortSignal?.aborted === true) throw abortSignal.reason;
        throw callError(error, { provider, modelId });
      }
    },
  };
}
