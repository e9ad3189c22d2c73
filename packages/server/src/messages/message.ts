import type { ChatCompletion, FinishReason, StopReason, Usage } from "wick";
import { z } from "zod";
import { type Block, blocksOf } from "../wire/blocks.js";

const contentBlock = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string(), citations: z.null() }),
  z.object({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() }),
  z.object({ type: z.literal("tool_use"), id: z.string(), name: z.string(), input: z.record(z.string(), z.unknown()) }),
]);

const stopReason = z.enum([
  "end_turn",
  "max_tokens",
  "stop_sequence",
  "tool_use",
  "refusal",
  "model_context_window_exceeded",
]);

/** An answer as Anthropic's clients read it. */
export const messageSchema = z
  .object({
    id: z.string(),
    type: z.literal("message"),
    role: z.literal("assistant"),
    model: z.string(),
    content: z.array(contentBlock),
    stop_reason: stopReason.nullable(),
    stop_sequence: z.string().nullable(),
    usage: z.object({
      input_tokens: z.int(),
      output_tokens: z.int(),
      cache_creation_input_tokens: z.int(),
      cache_read_input_tokens: z.int(),
    }),
  })
  .meta({ id: "Message" });

type WireMessage = z.infer<typeof messageSchema>;

/** How many tokens a prompt has. */
export const tokenCountSchema = z.object({ input_tokens: z.int() }).meta({ id: "MessageTokensCount" });

/** A whole answer. */
export function wireMessage({ id, choices: [choice], usage }: ChatCompletion, model: string): WireMessage {
  return {
    ...emptyMessage(id, model),
    content: blocksOf(choice.message).map((block) => wireBlock(block)),
    ...wireStop(choice.finishReason, choice.stopReason),
    usage: wireMessageUsage(usage),
  };
}

/** An answer before it has said anything. */
export function emptyMessage(id: string, model: string): WireMessage {
  return {
    id: `msg_${id.replace(/^\w+-/, "")}`,
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: wireMessageUsage(undefined),
  };
}

/** A part of an answer. A call whose arguments are no JSON, since the answer was cut, has none. */
export function wireBlock(block: Block): WireMessage["content"][number] {
  switch (block.kind) {
    case "text":
      return { type: "text", text: block.text, citations: null };
    case "thinking":
      return { type: "thinking", thinking: block.text, signature: "" };
    case "call":
      return { type: "tool_use", id: block.id, name: block.name, input: inputOf(block.arguments) };
  }
}

function inputOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Why it ended. */
export function wireStop(
  finish: FinishReason,
  stop: StopReason | undefined,
): Pick<WireMessage, "stop_reason" | "stop_sequence"> {
  switch (finish) {
    case "stop":
      return stop?.kind === "stop_string"
        ? { stop_reason: "stop_sequence", stop_sequence: stop.text }
        : { stop_reason: "end_turn", stop_sequence: null };
    case "length":
      return {
        stop_reason: stop?.kind === "context" ? "model_context_window_exceeded" : "max_tokens",
        stop_sequence: null,
      };
    case "tool_calls":
      return { stop_reason: "tool_use", stop_sequence: null };
    case "content_filter":
      return { stop_reason: "refusal", stop_sequence: null };
    case "error":
    case "cancelled":
      return { stop_reason: null, stop_sequence: null };
  }
}

/** Tokens as Anthropic counts them: those that were still there apart from those that were read. */
export function wireMessageUsage(usage: Usage | undefined): WireMessage["usage"] {
  const cached = usage?.cachedTokens ?? 0;
  return {
    input_tokens: (usage?.promptTokens ?? 0) - cached,
    output_tokens: usage?.completionTokens ?? 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
  };
}
