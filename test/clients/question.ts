import type { ChatRequest, JsonSchema, ToolCall } from "wick";

/** One turn of a conversation, of those that every client has words for. */
export type Turn =
  | { role: "system" | "user"; content: string }
  | { role: "assistant"; content: string; toolCalls?: readonly ToolCall[] }
  | { role: "tool"; toolCallId: string; name: string; content: string };

/** A function that the model may call. */
export interface QuestionTool {
  name: string;
  description: string;
  parameters: JsonSchema;
}

/** A chat, as each client says it in its own words. */
export interface Question {
  /** The name of a model. */
  model: string;
  messages: readonly Turn[];
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  seed?: number | undefined;
  stop?: readonly string[] | undefined;
  tools?: readonly QuestionTool[] | undefined;
  toolChoice?: "auto" | "required" | undefined;
  /** Of the answer. */
  schema?: JsonSchema | undefined;
  /** How much to think. */
  effort?: "high" | undefined;
}

/** The same for the library, without a server between. */
export function requestOf(question: Question): ChatRequest {
  const { messages, maxTokens, temperature, seed, stop, tools, toolChoice, schema, effort } = question;
  return {
    messages,
    maxTokens,
    temperature,
    stop,
    toolChoice,
    randomSeed: seed,
    ...(tools !== undefined && { tools: tools.map((tool) => ({ type: "function" as const, function: tool })) }),
    ...(schema !== undefined && {
      responseFormat: { type: "json_schema" as const, jsonSchema: { name: "answer", schemaDefinition: schema } },
    }),
    ...(effort !== undefined && { reasoning: { effort } }),
  };
}
