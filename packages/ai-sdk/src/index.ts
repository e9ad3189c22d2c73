/**
 * Wick's models, local and hosted, as a provider of the Vercel AI SDK.
 *
 * @module
 */
export { type WickEmbeddingModelOptions, wickEmbedding } from "./embedding-model.js";
export { type WickModelOptions, wick, wickCompletion } from "./language-model.js";
export type { ModelEntry } from "./lazy-model.js";
export { type WickProvider, type WickProviderOptions, createWick } from "./provider.js";
export type {
  SdkJson,
  WickContent,
  WickEmbeddingModel,
  WickGenerateResult,
  WickLanguageModel,
  WickMetadata,
  WickStreamPart,
  WickUsage,
} from "./sdk-types.js";
export type { WickChatOptions, WickCompletionOptions, WickEmbeddingOptions } from "./request/wick-options.js";
