import type { JsonObject, ToolApprovalResponse } from "../generated/protocol.js";
import type { Message } from "./message.js";
import type { Schema } from "./schema.js";
import type { FunctionTool, Tool } from "./tool.js";

/**
 * What the answer must look like.
 *
 * @example
 * ```ts
 * const format: ResponseFormat = { type: "choice", choices: ["yes", "no"] };
 * ```
 */
export type ResponseFormat =
  | { type: "text" }
  | { type: "json_object" }
  | {
      type: "json_schema";
      jsonSchema: {
        name: string;
        schemaDefinition: Schema;
        description?: string | undefined;
        strict?: boolean | undefined;
      };
    }
  | { type: "regex"; regex: string }
  | { type: "lark"; grammar: string }
  | { type: "choice"; choices: readonly string[] };

/**
 * How tokens are chosen. What is not set follows the model's own defaults.
 *
 * @example
 * ```ts
 * const sampling: SamplingRequest = { temperature: 0.7, topP: 0.9, maxTokens: 200, randomSeed: 7 };
 * ```
 */
export interface SamplingRequest {
  /** From 0 (the likeliest token always) to 2. */
  temperature?: number | undefined;
  /** Keeps the likeliest tokens that make up this much probability. */
  topP?: number | undefined;
  /** Keeps this many of the likeliest tokens. */
  topK?: number | undefined;
  /** Keeps tokens at least this likely, relative to the likeliest. */
  minP?: number | undefined;
  /** Ends a choice after so many tokens with `finishReason: "length"`. */
  maxTokens?: number | undefined;
  /** Ends a choice before any of these; they are not part of the answer. */
  stop?: string | readonly string[] | undefined;
  /** The same seed gives the same bytes. */
  randomSeed?: number | undefined;
  /** How many answers. */
  n?: number | undefined;
  /** No end of the answer before so many tokens. */
  minTokens?: number | undefined;
  /** Goes on where the model would end. */
  ignoreEos?: boolean | undefined;
  /** Higher first; 0. */
  priority?: number | undefined;
  /** Against tokens, the more the oftener they occurred. */
  frequencyPenalty?: number | undefined;
  /** Against tokens that occurred. */
  presencePenalty?: number | undefined;
  /** Divides the logits of tokens that occurred; 1 changes nothing. */
  repetitionPenalty?: number | undefined;
  /** Against repeating longer sequences. */
  dry?:
    | {
        multiplier: number;
        base?: number | undefined;
        allowedLength?: number | undefined;
        sequenceBreakers?: readonly string[] | undefined;
      }
    | undefined;
  /** Added to the logits of tokens, from -100 to 100. */
  logitBias?: { readonly [tokenId: number]: number } | undefined;
  /** Says how likely each token was. */
  logprobs?: boolean | undefined;
  /** And how likely so many others were. */
  topLogprobs?: number | undefined;
  /** Sent as they are, remote only; every other field a backend cannot honour is `unsupported` with its path. */
  extraBody?: JsonObject | undefined;
}

/**
 * A chat. Plain by default; `tools` that Wick or the host runs make it an {@link AgentRequest}, and `P` turns `prompt_progress`
 * on.
 *
 * @example
 * ```ts
 * const request: ChatRequest = { messages: [{ role: "user", content: "Hi" }], maxTokens: 100 };
 * ```
 */
export interface ChatRequest<T extends Tool = FunctionTool, P extends boolean = false> extends SamplingRequest {
  /** The conversation so far. */
  messages: readonly Message[];
  /** What the model may call. */
  tools?: readonly T[] | undefined;
  /** Whether it may, must, or must not; or which one it must. */
  toolChoice?: "auto" | "none" | "any" | "required" | { type: "function"; function: { name: string } } | undefined;
  /** Whether it may call several at once; of tools that Wick runs, whether they run side by side. */
  parallelToolCalls?: boolean | undefined;
  /** In how many rounds tools run, where Wick or the host runs them; 8. Calls beyond go back to the program. */
  maxToolRounds?: number | undefined;
  /** Decides instead of the event. Without it, complete/final/text deny at once: nobody could answer. */
  onApproval?: ((request: ToolApprovalResponse) => boolean | Promise<boolean>) | undefined;
  /** What the answer must look like. */
  responseFormat?: ResponseFormat | undefined;
  /** How much to think: an effort that the template or the host knows, and tokens after which thinking is ended. */
  reasoning?:
    | {
        effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | undefined;
        maxTokens?: number | undefined;
      }
    | undefined;
  /** Mistral's safety prompt, where a host has it. */
  safePrompt?: boolean | undefined;
  /** Variables of the chat template; allow-listed. `reasoning.effort: "none"` sets `enable_thinking` to false. */
  chatTemplateKwargs?: JsonObject | undefined;
  /** Tells how far the prompt is. */
  promptProgress?: P | undefined;
}

/**
 * A chat with any tools.
 *
 * @example
 * ```ts
 * const request: AgentRequest = { messages, tools: [weather] };
 * ```
 */
export type AgentRequest = ChatRequest<Tool, boolean>;

/**
 * Text to go on from, without a chat template.
 *
 * @example
 * ```ts
 * const request: CompletionRequest = { prompt: "Once upon a time", maxTokens: 50 };
 * ```
 */
export interface CompletionRequest extends SamplingRequest {
  /** Text or token ids. */
  prompt: string | readonly number[];
  /** Repeats the prompt before the answer. */
  echo?: boolean | undefined;
}

/**
 * Code with a hole. What the model says stands between `prompt` and `suffix`, which are text: a control token spelled in them is
 * none. A model without tokens for it answers `unsupported`.
 *
 * @example
 * ```ts
 * const request: FimRequest = { prompt: "def add(a, b):\n  return ", suffix: "\n\nprint(add(1, 2))" };
 * ```
 */
export interface FimRequest extends SamplingRequest {
  /** Before the hole. */
  prompt: string;
  /** After it. */
  suffix?: string | undefined;
}

/**
 * Texts to embed.
 *
 * @example
 * ```ts
 * const request: EmbeddingRequest = { inputs: ["red", "blue"] };
 * ```
 */
export interface EmbeddingRequest {
  /** One text or several. */
  inputs: string | readonly string[];
  /** Length of the vectors, where the model offers a choice. */
  dimensions?: number | undefined;
  /** Whether vectors get length 1. */
  normalize?: boolean | undefined;
}

/**
 * How a call ends early, whatever it asks for.
 *
 * @example
 * ```ts
 * const stream = model.chat.stream({ messages }, { signal: AbortSignal.timeout(10_000) });
 * ```
 */
export interface CallOptions {
  /** Cancels with reason `signal`. */
  signal?: AbortSignal | undefined;
  /** Cancels with reason `timeout`, counted from the first pull. */
  timeoutMs?: number | undefined;
  /** Remote models only. */
  headers?: Readonly<Record<string, string>> | undefined;
}
