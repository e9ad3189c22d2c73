import { agentStream } from "../agent/agent-stream.js";
import { invalidRequest } from "../error/refusal.js";
import type { JsonValue } from "../generated/protocol.js";
import { type ToolRunner, toolKey } from "./executable.js";
import { isStandard, jsonSchemaOf } from "./json-schema-of.js";
import { jsonSchemaValidation } from "./json-schema-validation.js";
import type { InferSchema, JsonSchema, Schema } from "./schema.js";
import { type Validation, standardValidation } from "./validation.js";

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
  /** Whether someone is asked before it runs, who has five minutes; never by default. */
  needsApproval?: boolean | ((input: InferSchema<S>) => boolean | Promise<boolean>) | undefined;
  /** How long it may take; a minute. It fails then, and its signal fires. */
  timeoutMs?: number | undefined;
}

/** Where a tool does not say how long it may take. */
const defaultTimeoutMs = 60_000;
/** Timers of JavaScript go no further: 24 days. */
const longestTimeoutMs = 2 ** 31 - 1;

/**
 * Makes a tool that Wick runs: `model.chat.stream` then goes round, answers and tools in turn, as one stream. What it throws, is
 * told the model and the stream, and ends neither.
 *
 * @param definition - Its name, its schema and what it does. The schema is JSON Schema (also TypeBox's), or of a library that writes
 * its schemas as such: zod from 4.2, ArkType, Valibot by `toStandardJsonSchema`.
 * @throws {@link WickError} `invalid_request` for a definition that is none, `unsupported` for a schema that cannot be JSON Schema.
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
  const { name, description, needsApproval = false, execute, timeoutMs = defaultTimeoutMs } = definition;
  if (typeof name !== "string" || typeof description !== "string") {
    throw invalidRequest("definition", "A tool has a name and a description, both strings.");
  }
  if (typeof execute !== "function") throw invalidRequest("definition.execute", "execute must be a function.");
  if (typeof needsApproval !== "boolean" && typeof needsApproval !== "function") {
    throw invalidRequest("definition.needsApproval", "needsApproval must be true, false or a function.");
  }
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0 && timeoutMs <= longestTimeoutMs)) {
    throw invalidRequest("definition.timeoutMs", `timeoutMs must be a number above 0 and up to ${longestTimeoutMs}.`);
  }
  const parameters = jsonSchemaOf(definition.parameters, "definition.parameters");
  // What a schema lets through is what the functions take.
  const decide = typeof needsApproval === "function" ? (needsApproval as (input: unknown) => boolean) : undefined;
  const runner: ToolRunner = {
    execute: execute as ToolRunner["execute"],
    validate: validation(definition.parameters),
    needsApproval: (input) => (decide === undefined ? needsApproval === true : decide(input)),
    timeoutMs,
    stream: agentStream,
  };
  const described = {
    type: "executable" as const,
    name,
    description,
    parameters,
    needsApproval: needsApproval !== false,
  };
  Object.defineProperty(described, toolKey, { value: runner });
  return Object.freeze(described);
}

/** As the schema's library validates, or by JSON Schema of 2020-12. */
function validation(schema: Schema): Validation {
  return isStandard(schema) ? standardValidation(schema) : jsonSchemaValidation(schema);
}
