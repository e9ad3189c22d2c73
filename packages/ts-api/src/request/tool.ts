import type { JsonValue } from "../generated/protocol.js";
import type { InferSchema, JsonSchema, Schema } from "./schema.js";
import { WickError } from "../error/wick-error.js";

/**
 * A tool whose call comes back to the program (`finishReason: "tool_calls"`).
 *
 * @example
 * ```ts
 * const weather: FunctionTool = {
 *   type: "function",
 *   function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
 * };
 * ```
 */
export interface FunctionTool {
  /** Always `function`. */
  type: "function";
  /** What the model may call. */
  function: {
    /** At most 64 of letters, digits, `_` and `-`. */
    name: string;
    /** When and what for; the model reads it. */
    description?: string | undefined;
    /** Of the arguments: an object's schema. */
    parameters: Schema;
    /** Whether the arguments must fit the schema. */
    strict?: boolean | undefined;
  };
}

/**
 * A tool that Wick runs. Made by {@link tool}.
 *
 * @example
 * ```ts
 * const tools: ExecutableTool[] = [weather];
 * ```
 */
export interface ExecutableTool {
  /** Always `executable`. */
  readonly type: "executable";
  /** What the model calls it by. */
  readonly name: string;
  /** When and what for; the model reads it. */
  readonly description: string;
  /** Of the arguments. */
  readonly parameters: JsonSchema;
  /** Whether someone is asked before it runs. */
  readonly needsApproval: boolean;
}

/**
 * A tool that the host of a remote model runs.
 *
 * @example
 * ```ts
 * const search: HostedTool = { type: "web_search" };
 * ```
 */
export interface HostedTool {
  /** Which of the host's tools. */
  type: "web_search" | "code_interpreter" | "image_generation" | "document_library" | "server";
  /** The host's own options. */
  [option: string]: JsonValue;
}

/**
 * Whatever `tools` takes.
 *
 * @example
 * ```ts
 * const tools: Tool[] = [{ type: "web_search" }];
 * ```
 */
export type Tool = FunctionTool | ExecutableTool | HostedTool;

/**
 * What a running tool is told beside its input.
 *
 * @example
 * ```ts
 * const execute = ({ url }: { url: string }, { signal }: ToolContext) => fetch(url, { signal }).then((r) => r.text());
 * ```
 */
export interface ToolContext {
  /** Fires when the stream is cancelled or the tool's time is up. */
  readonly signal: AbortSignal;
  /** The call's id. */
  readonly callId: string;
  /** Round of the tool loop, from 0. */
  readonly round: number;
}

/**
 * What {@link tool} makes a tool of.
 *
 * @example
 * ```ts
 * const definition: ToolDefinition<JsonSchema> = {
 *   name: "now", description: "The time", parameters: { type: "object" }, execute: () => new Date().toISOString(),
 * };
 * ```
 */
export interface ToolDefinition<S extends Schema> {
  /** At most 64 of letters, digits, `_` and `-`. */
  name: string;
  /** When and what for; the model reads it. */
  description: string;
  /** Of the arguments; the type of `input` follows from it. */
  parameters: S;
  /** Answers with text, JSON, a promise of them, or an AsyncIterable of text. */
  execute: (input: InferSchema<S>, context: ToolContext) => unknown;
  /** Whether someone is asked before it runs; never by default. */
  needsApproval?: boolean | ((input: InferSchema<S>) => boolean | Promise<boolean>) | undefined;
  /** How long it may take. */
  timeoutMs?: number | undefined;
}

/**
 * Makes a tool that Wick runs.
 *
 * This version cannot run tools yet: a request that holds one ends in `validation_error` with code `unsupported`. Hand
 * {@link FunctionTool}s in, and answer the calls in `message.toolCalls` yourself.
 *
 * @param definition - Its name, its schema and what it does.
 * @throws {@link WickError} `unsupported` for parameters that are not plain JSON Schema.
 *
 * @example
 * ```ts
 * const weather = tool({
 *   name: "weather",
 *   description: "Weather of a city",
 *   parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
 *   execute: () => "19 °C",
 * });
 * ```
 */
export function tool<const S extends Schema>(definition: ToolDefinition<S>): ExecutableTool {
  const { name, description, parameters, needsApproval } = definition;
  if (!isJsonSchema(parameters)) {
    throw new WickError({
      code: "unsupported",
      message: "This version takes a tool's parameters as plain JSON Schema only; convert the schema first.",
      where: "parameters",
      retryable: false,
    });
  }
  const asks = typeof needsApproval === "function" || needsApproval === true;
  return Object.freeze({ type: "executable", name, description, parameters, needsApproval: asks });
}

function isJsonSchema(schema: Schema): schema is JsonSchema {
  return !("~standard" in schema);
}
