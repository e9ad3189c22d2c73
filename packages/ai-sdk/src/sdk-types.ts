import type {
  EmbeddingModelV3CallOptions,
  LanguageModelV3CallOptions,
  LanguageModelV3FinishReason,
  LanguageModelV3StreamPart,
  LanguageModelV3Usage,
  SharedV3Warning,
} from "@ai-sdk/provider";

// What Wick's models give, as types that are those of the SDK's third interface in each of its major versions. Their own are not:
// arrays in JSON can be written to in one of them alone, so that a model of one is no model of the other.

/**
 * JSON, as all versions of the SDK have it.
 *
 * @example
 * ```ts
 * const json: SdkJson = { stopReason: { kind: "eos" } };
 * ```
 */
export type SdkJson = null | string | number | boolean | { [key: string]: SdkJson | undefined } | SdkJson[];

/**
 * What Wick says of an answer and the SDK has no place for, under `wick`.
 *
 * @example
 * ```ts
 * const { stopReason, timings } = result.providerMetadata?.wick ?? {};
 * ```
 */
export type WickMetadata = Record<string, { [key: string]: SdkJson | undefined }>;

/** A type of the SDK's, with JSON of ours. */
type Portable<T> = T extends unknown
  ? "providerMetadata" extends keyof T
    ? Omit<T, "providerMetadata"> & { providerMetadata?: WickMetadata }
    : T
  : never;

/** The kinds of parts that Wick's models stream. */
type PartType =
  | "stream-start"
  | "response-metadata"
  | "text-start"
  | "text-delta"
  | "text-end"
  | "reasoning-start"
  | "reasoning-delta"
  | "reasoning-end"
  | "tool-input-start"
  | "tool-input-delta"
  | "tool-input-end"
  | "tool-call"
  | "raw"
  | "error";

/**
 * What a call cost.
 *
 * @example
 * ```ts
 * const cached = (usage: WickUsage) => usage.inputTokens.cacheRead ?? 0;
 * ```
 */
export type WickUsage = Omit<LanguageModelV3Usage, "raw"> & { raw?: { [key: string]: SdkJson | undefined } };

/**
 * A part of what a model of Wick streams.
 *
 * @example
 * ```ts
 * const text = (part: WickStreamPart) => (part.type === "text-delta" ? part.delta : "");
 * ```
 */
export type WickStreamPart =
  | Portable<Extract<LanguageModelV3StreamPart, { type: PartType }>>
  | { type: "finish"; finishReason: LanguageModelV3FinishReason; usage: WickUsage; providerMetadata?: WickMetadata };

/**
 * A piece of what a model of Wick generates.
 *
 * @example
 * ```ts
 * const text = (content: WickContent) => (content.type === "text" ? content.text : "");
 * ```
 */
export type WickContent =
  | { type: "text" | "reasoning"; text: string; providerMetadata?: WickMetadata }
  | Extract<WickStreamPart, { type: "tool-call" }>;

/**
 * All of what a model of Wick generates.
 *
 * @example
 * ```ts
 * const { content, usage }: WickGenerateResult = await wick(model).doGenerate({ prompt });
 * ```
 */
export interface WickGenerateResult {
  /** In order. */
  content: WickContent[];
  /** Why it ended, in the SDK's word and in Wick's. */
  finishReason: LanguageModelV3FinishReason;
  /** What it cost. */
  usage: WickUsage;
  /** What the call asked for and did not get. */
  warnings: SharedV3Warning[];
  /** Wick's request. */
  request: { body: unknown };
  /** Whose answer it is, and when it began; `body` is Wick's completion. */
  response: { id?: string; timestamp?: Date; modelId?: string; body: unknown };
  /** What the SDK has no place for. */
  providerMetadata?: WickMetadata;
}

/**
 * A model of Wick as a language model of the SDK: assignable to what `ai` 6 and 7 take as `model`.
 *
 * @example
 * ```ts
 * const model: WickLanguageModel = wick(await Model.load("./model.gguf"));
 * ```
 */
export interface WickLanguageModel {
  /** The SDK's third interface, which `ai` 6 and 7 both take; they would refuse, or warn of, any other. */
  readonly specificationVersion: "v3";
  /** `wick.chat` or `wick.completion`. */
  readonly provider: string;
  /** The model's name. */
  readonly modelId: string;
  /** Addresses that are handed on as they are. */
  readonly supportedUrls: Record<string, RegExp[]>;
  /** For the SDK: the whole answer. */
  doGenerate(options: LanguageModelV3CallOptions): Promise<WickGenerateResult>;
  /** For the SDK: the answer in parts. */
  doStream(
    options: LanguageModelV3CallOptions,
  ): Promise<{ stream: ReadableStream<WickStreamPart>; request: { body: unknown } }>;
}

/**
 * A model of Wick as an embedding model of the SDK: assignable to what `ai` 6 and 7 take as `model`.
 *
 * @example
 * ```ts
 * const model: WickEmbeddingModel = wickEmbedding(await Model.load("./model.gguf"));
 * ```
 */
export interface WickEmbeddingModel {
  /** The SDK's third interface. */
  readonly specificationVersion: "v3";
  /** `wick.embedding`. */
  readonly provider: string;
  /** The model's name. */
  readonly modelId: string;
  /** Texts of one call. */
  readonly maxEmbeddingsPerCall: number;
  /** Whether several calls may run at once: they may. */
  readonly supportsParallelCalls: boolean;
  /** For the SDK: the vectors, in the texts' order. */
  doEmbed(options: EmbeddingModelV3CallOptions): Promise<{
    embeddings: number[][];
    usage?: { tokens: number };
    response: { body: unknown };
    warnings: SharedV3Warning[];
  }>;
}
