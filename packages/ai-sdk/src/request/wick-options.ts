import type { SharedV3ProviderOptions } from "@ai-sdk/provider";
import type { CallOptions, ChatRequest, CompletionRequest, EmbeddingRequest, FunctionTool, ResponseFormat } from "wick";
import { invalidArgument } from "../error/sdk-error.js";
import type { SdkJson } from "../sdk-types.js";

/** Plain JSON, as the SDK's `providerOptions` have it. */
type JsonObject = { [key: string]: SdkJson | undefined };

/** Fields of Wick as such, so that an object of them is one of the SDK's: its arrays can be written to. */
type Plain<T> = T extends readonly (infer E)[] ? Plain<E>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

/** Fields of every generation whose own types are wider than JSON. */
type PlainSampling = {
  /** Added to the logits of tokens, by id, from -100 to 100. */
  logitBias?: { [tokenId: string]: number } | undefined;
  /** Sent to a host as they are. */
  extraBody?: JsonObject | undefined;
  /** Milliseconds after which the call ends with `timeout`. */
  timeoutMs?: number | undefined;
};

type PlainFormat =
  | Plain<Exclude<ResponseFormat, { type: "json_schema" }>>
  | {
      type: "json_schema";
      jsonSchema: {
        name: string;
        schemaDefinition: JsonObject;
        description?: string | undefined;
        strict?: boolean | undefined;
      };
    };

/**
 * Fields of Wick's own chat requests, in `providerOptions.wick` of a call or as defaults of a model. They are sent as they are, over
 * the options of the SDK, and what a model cannot honour is an error with the field's path.
 *
 * @example
 * ```ts
 * const wick: WickChatOptions = { minP: 0.05, dry: { multiplier: 0.8 }, reasoning: { maxTokens: 500 } };
 * const { text } = await generateText({ model, prompt, providerOptions: { wick } });
 * ```
 */
export type WickChatOptions = Plain<
  Omit<
    ChatRequest<FunctionTool, boolean>,
    | "messages"
    | "tools"
    | "toolChoice"
    | "n"
    | "onApproval"
    | "maxToolRounds"
    | "responseFormat"
    | "chatTemplateKwargs"
    | keyof PlainSampling
  >
> &
  PlainSampling & {
    /** What the answer must look like, over the SDK's own. */
    responseFormat?: PlainFormat | undefined;
    /** Variables of the chat template. */
    chatTemplateKwargs?: JsonObject | undefined;
  };

/**
 * The same for raw text. With `suffix` the model fills the hole between the prompt and it.
 *
 * @example
 * ```ts
 * const wick: WickCompletionOptions = { suffix: "\n\nprint(add(1, 2))" };
 * const { text } = await generateText({ model, prompt: "def add(a, b):\n", providerOptions: { wick } });
 * ```
 */
export type WickCompletionOptions = Plain<Omit<CompletionRequest, "prompt" | "n" | keyof PlainSampling>> &
  PlainSampling & {
    /** The text behind the hole. */
    suffix?: string | undefined;
  };

/**
 * The same for embeddings.
 *
 * @example
 * ```ts
 * const wick: WickEmbeddingOptions = { normalize: false };
 * const { embedding } = await embed({ model, value: "red", providerOptions: { wick } });
 * ```
 */
export type WickEmbeddingOptions = Plain<Omit<EmbeddingRequest, "inputs"> & Pick<CallOptions, "timeoutMs">>;

/** Fields of a request that are the SDK's to set. */
const reserved = ["messages", "prompt", "inputs", "tools", "toolChoice", "n", "onApproval", "maxToolRounds"];

/**
 * What a call says of Wick's own.
 *
 * @param given - The call's `providerOptions`.
 * @throws `InvalidArgumentError` for what is no object, and for fields that the SDK sets. Values are Wick's to check.
 */
export function wickOptions(given: SharedV3ProviderOptions | undefined): Readonly<Record<string, unknown>> {
  const options: unknown = given?.["wick"] ?? {};
  if (!isObject(options)) {
    throw invalidArgument("providerOptions.wick", "providerOptions.wick must be an object of Wick's request fields.");
  }
  const name = reserved.find((field) => options[field] !== undefined);
  if (name === undefined) return options;
  const path = `providerOptions.wick.${name}`;
  throw invalidArgument(path, `${path} cannot be set there: it follows from the call itself. Leave it out.`);
}

/** An object of Wick's own in the `providerOptions` of a message or a part. */
export function wickOptionsOfPart(given: SharedV3ProviderOptions | undefined): Readonly<Record<string, unknown>> {
  const options: unknown = given?.["wick"];
  return isObject(options) ? options : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
