import type { ErrorCode, ErrorInfo, JsonObject, Message, Timings, ToolCall, Usage } from "wick/remote";
import type { Conversation } from "./conversation.js";
import { FormatError, JsonReader } from "./json-reader.js";
import type { AnswerPart, Outcome, ToolState, Turn } from "./turn.js";

const format = "wick-conversation";
const version = 1;
const mostTurns = 20_000;
const mostParts = 10_000;

/** A conversation as a file: what is downloaded, and what the browser keeps. */
export function conversationJson(conversation: Conversation): string {
  const turns = conversation.turns.map(withoutLogprobs);
  return JSON.stringify({ format, version, ...conversation, turns });
}

/**
 * Reads such a file.
 *
 * @throws FormatError that says where it is none.
 */
export function readConversation(json: string): Conversation {
  const file = new JsonReader(parsed(json));
  if (file.field("format").value !== format) {
    throw new FormatError(`This is no conversation of Wick: its "format" must be "${format}".`);
  }
  if (file.field("version").number() !== version) {
    throw new FormatError(
      `This conversation is of version ${file.field("version").number()}; this page reads ${version}.`,
    );
  }
  const turns = file.field("turns").items(mostTurns).map(readTurn);
  checkTree(turns);
  const leaf = nullableString(file.field("leaf"));
  if (leaf !== null && !turns.some(({ id }) => id === leaf)) throw file.field("leaf").error("must be the id of a turn");
  return {
    id: identifier(file.field("id")),
    createdAt: file.field("createdAt").number(),
    changedAt: file.field("changedAt").number(),
    system: file.field("system").string(),
    turns,
    leaf,
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new FormatError("The file is no JSON.");
  }
}

function withoutLogprobs(turn: Turn): Turn {
  if (turn.kind === "user") return turn;
  const { logprobs: _, ...kept } = turn;
  return kept;
}

/** Questions follow answers and answers questions, and each stands behind what it follows: so there are no circles. */
function checkTree(turns: readonly Turn[]): void {
  const kinds = new Map<string, Turn["kind"]>();
  turns.forEach(({ id, kind, parent }, index) => {
    const where = `turns[${index}]`;
    if (kinds.has(id)) throw new FormatError(`${where}.id is that of an earlier turn.`);
    const follows = parent === null ? "nothing" : kinds.get(parent);
    const isRight = kind === "user" ? follows === "nothing" || follows === "answer" : follows === "user";
    if (!isRight)
      throw new FormatError(`${where}.parent must be an earlier ${kind === "user" ? "answer" : "question"}.`);
    kinds.set(id, kind);
  });
}

function readTurn(reader: JsonReader): Turn {
  const id = identifier(reader.field("id"));
  const createdAt = reader.field("createdAt").number();
  const kind = reader.field("kind").oneOf(["user", "answer"]);
  if (kind === "user") {
    return { kind, id, createdAt, parent: nullableString(reader.field("parent")), text: reader.field("text").string() };
  }
  const usage = optional(reader.field("usage"), usageOf);
  const timings = optional(reader.field("timings"), timingsOf);
  const firstDeltaMs = optional(reader.field("firstDeltaMs"), (field) => field.number());
  return {
    kind,
    id,
    createdAt,
    parent: reader.field("parent").string(),
    model: reader.field("model").string(),
    parts: reader.field("parts").items(mostParts).map(part),
    messages: reader.field("messages").items(mostParts).map(message),
    outcome: outcome(reader.field("outcome")),
    ...(usage !== undefined && { usage }),
    ...(timings !== undefined && { timings }),
    ...(firstDeltaMs !== undefined && { firstDeltaMs }),
  };
}

function part(reader: JsonReader): AnswerPart {
  const kind = reader.field("kind").oneOf(["text", "reasoning", "tool"]);
  if (kind !== "tool") return { kind, text: reader.field("text").string() };
  return {
    kind,
    callId: reader.field("callId").string(),
    name: reader.field("name").string(),
    input: reader.field("input").string(),
    output: reader.field("output").string(),
    state: toolState(reader.field("state")),
  };
}

function toolState(reader: JsonReader): ToolState {
  const kind = reader.field("kind").oneOf(["written", "asking", "calling", "complete", "failed", "denied", "left"]);
  switch (kind) {
    case "written":
    case "left":
      return { kind };
    case "asking":
    case "calling":
      // Nobody asks or runs any more.
      return { kind: "left" };
    case "complete": {
      const durationMs = optional(reader.field("durationMs"), (field) => field.number());
      return { kind, ...(durationMs !== undefined && { durationMs }) };
    }
    case "failed":
      return { kind, error: errorInfo(reader.field("error")) };
    case "denied": {
      const reason = optional(reader.field("reason"), (field) => field.string());
      return { kind, ...(reason !== undefined && { reason }) };
    }
  }
}

function outcome(reader: JsonReader): Outcome {
  const kind = reader.field("kind").oneOf(["done", "cancelled", "failed", "interrupted"]);
  switch (kind) {
    case "done": {
      const finishReason = reader
        .field("finishReason")
        .oneOf(["stop", "length", "tool_calls", "content_filter", "error", "cancelled"]);
      const stop = reader.field("stopReason");
      if (stop.isMissing) return { kind, finishReason };
      const stopKind = stop.field("kind").oneOf(["eos", "stop_string", "max_tokens", "context"]);
      const stopReason =
        stopKind === "stop_string" ? { kind: stopKind, text: stop.field("text").string() } : { kind: stopKind };
      return { kind, finishReason, stopReason };
    }
    case "cancelled":
      return { kind, reason: reader.field("reason").oneOf(["signal", "cancel", "timeout", "disconnect"]) };
    case "failed": {
      const of = reader.field("of").oneOf(["validation_error", "model_error", "internal_error"]);
      return { kind, of, error: errorInfo(reader.field("error")) };
    }
    case "interrupted":
      return { kind };
  }
}

/** What an answer adds to a conversation: what the model said, and what tools told it. */
function message(reader: JsonReader): Message {
  const role = reader.field("role").oneOf(["assistant", "tool"]);
  const content = reader.field("content").string();
  if (role === "tool") {
    const name = optional(reader.field("name"), (field) => field.string());
    return { role, toolCallId: reader.field("toolCallId").string(), content, ...(name !== undefined && { name }) };
  }
  const reasoningContent = optional(reader.field("reasoningContent"), (field) => field.string());
  const reasoningSignature = optional(reader.field("reasoningSignature"), (field) => field.string());
  const toolCalls = optional(reader.field("toolCalls"), (field) => field.items(mostParts).map(toolCall));
  return {
    role,
    content,
    ...(reasoningContent !== undefined && { reasoningContent }),
    ...(reasoningSignature !== undefined && { reasoningSignature }),
    ...(toolCalls !== undefined && { toolCalls }),
  };
}

function toolCall(reader: JsonReader): ToolCall {
  const called = reader.field("function");
  return {
    id: reader.field("id").string(),
    type: "function",
    function: { name: called.field("name").string(), arguments: called.field("arguments").string() },
  };
}

function errorInfo(reader: JsonReader): ErrorInfo {
  const where = optional(reader.field("where"), (field) => field.string());
  const status = optional(reader.field("status"), (field) => field.number());
  const words = reader.field("upstream");
  const upstream = words.isMissing ? undefined : optional(words.field("message"), (field) => field.string());
  const details = optional(reader.field("details"), (field) => field.value as JsonObject);
  return {
    // Codes of later versions are shown as they are.
    code: reader.field("code").string() as ErrorCode,
    message: reader.field("message").string(),
    retryable: reader.field("retryable").boolean(),
    ...(where !== undefined && { where }),
    ...(status !== undefined && { status }),
    ...(details !== undefined && { details }),
    ...(upstream !== undefined && { upstream: { message: upstream } }),
  };
}

function usageOf(reader: JsonReader): Usage {
  const cachedTokens = optional(reader.field("cachedTokens"), (field) => field.number());
  const reasoningTokens = optional(reader.field("reasoningTokens"), (field) => field.number());
  return {
    promptTokens: reader.field("promptTokens").number(),
    completionTokens: reader.field("completionTokens").number(),
    totalTokens: reader.field("totalTokens").number(),
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
  };
}

function timingsOf(reader: JsonReader): Timings {
  const names = [
    "queuedMs",
    "promptMs",
    "firstTokenMs",
    "decodeMs",
    "tokensPerSecond",
    "draftedTokens",
    "acceptedTokens",
  ] as const;
  const timings: Timings = {};
  for (const name of names) {
    const value = optional(reader.field(name), (field) => field.number());
    if (value !== undefined) timings[name] = value;
  }
  return timings;
}

function optional<T>(reader: JsonReader, read: (reader: JsonReader) => T): T | undefined {
  return reader.isMissing ? undefined : read(reader);
}

function nullableString(reader: JsonReader): string | null {
  return reader.isNull ? null : reader.string();
}

/** Ids become keys of the browser's storage. */
function identifier(reader: JsonReader): string {
  const id = reader.string();
  if (!/^[\w-]{1,64}$/.test(id)) throw reader.error("must be 1 to 64 letters, digits, _ or -");
  return id;
}
