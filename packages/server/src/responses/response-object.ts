import type { ErrorInfo, FinishReason, Usage } from "wick";
import { z } from "zod";
import { statusOf } from "../error/status.js";
import { wireWords } from "../error/wire-path.js";
import type { Block } from "../wire/blocks.js";
import { chatLogprobs } from "../wire/logprobs.js";
import type { ResponseBody } from "./request.js";

const responseStatus = z.enum(["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]);
const itemStatus = z.enum(["in_progress", "completed", "incomplete"]);

/** How a part stands. */
export type ItemState = z.infer<typeof itemStatus>;

const outputItem = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("message"),
    id: z.string(),
    status: itemStatus,
    role: z.literal("assistant"),
    content: z.array(
      z.object({
        type: z.literal("output_text"),
        text: z.string(),
        annotations: z.array(z.never()),
        logprobs: z.array(z.record(z.string(), z.unknown())),
      }),
    ),
  }),
  z.object({
    type: z.literal("reasoning"),
    id: z.string(),
    status: itemStatus,
    summary: z.array(z.never()),
    content: z.array(z.object({ type: z.literal("reasoning_text"), text: z.string() })),
  }),
  z.object({
    type: z.literal("function_call"),
    id: z.string(),
    status: itemStatus,
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
]);

/** A part of a response. */
export type OutputItem = z.infer<typeof outputItem>;

/** A response as OpenAI's clients read it. */
export const responseSchema = z
  .object({
    id: z.string(),
    object: z.literal("response"),
    created_at: z.int(),
    completed_at: z.int().nullable(),
    status: responseStatus,
    background: z.boolean(),
    error: z
      .object({
        code: z.enum(["server_error", "rate_limit_exceeded", "invalid_prompt"]),
        message: z.string(),
        type: z.string().describe("Wick's own code."),
      })
      .nullable(),
    incomplete_details: z.object({ reason: z.enum(["max_output_tokens", "content_filter"]) }).nullable(),
    instructions: z.string().nullable(),
    max_output_tokens: z.int().nullable(),
    model: z.string(),
    output: z.array(outputItem),
    parallel_tool_calls: z.boolean(),
    previous_response_id: z.string().nullable(),
    reasoning: z.object({ effort: z.string().nullable(), summary: z.null() }),
    store: z.boolean(),
    temperature: z.number().nullable(),
    text: z.object({ format: z.record(z.string(), z.unknown()) }),
    tool_choice: z.unknown(),
    tools: z.array(z.record(z.string(), z.unknown())),
    top_logprobs: z.int(),
    top_p: z.number().nullable(),
    truncation: z.literal("disabled"),
    usage: z
      .object({
        input_tokens: z.int(),
        input_tokens_details: z.object({ cached_tokens: z.int(), cache_write_tokens: z.int() }),
        output_tokens: z.int(),
        output_tokens_details: z.object({ reasoning_tokens: z.int() }),
        total_tokens: z.int(),
      })
      .nullable(),
    user: z.null(),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: "Response" });

/** One, which grows. */
export type ResponseObject = z.infer<typeof responseSchema>;

/** A response before it has said anything. */
export function newResponse(
  body: ResponseBody,
  { id, createdAt, model }: { id: string; createdAt: number; model: string },
): ResponseObject {
  return {
    id,
    object: "response",
    created_at: createdAt,
    completed_at: null,
    status: body.background === true ? "queued" : "in_progress",
    background: body.background === true,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    store: body.store !== false,
    temperature: body.temperature ?? null,
    text: { format: body.text?.format ?? { type: "text" } },
    tool_choice: body.tool_choice ?? "auto",
    tools: (body.tools ?? []).map((tool) => ({ ...tool })),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? null,
    truncation: "disabled",
    usage: null,
    user: null,
    metadata: body.metadata ?? {},
  };
}

/** A part as an item of the response's output. */
export function wireItem(block: Block, id: string, itemState: ItemState): OutputItem {
  switch (block.kind) {
    case "thinking": {
      const content = block.text === "" ? [] : [{ type: "reasoning_text" as const, text: block.text }];
      return { type: "reasoning", id, status: itemState, summary: [], content };
    }
    case "text": {
      const content = itemState === "in_progress" ? [] : [wireText(block)];
      return { type: "message", id, status: itemState, role: "assistant", content };
    }
    case "call": {
      const { id: callId, name, arguments: given } = block;
      return { type: "function_call", id, status: itemState, call_id: callId, name, arguments: given };
    }
  }
}

/** Text as a part of a message. */
export function wireText({ text, logprobs }: Extract<Block, { kind: "text" }>) {
  const said = logprobs.length === 0 ? [] : (chatLogprobs(logprobs)?.content ?? []);
  return { type: "output_text" as const, text, annotations: [], logprobs: said };
}

/** What items of each kind are called. */
export function itemId({ kind }: Block, id: string): string {
  switch (kind) {
    case "thinking":
      return `rs_${id}`;
    case "text":
      return `msg_${id}`;
    case "call":
      return `fc_${id}`;
  }
}

/** How a response stands that came to its end. */
export function endOf(finish: FinishReason): Pick<ResponseObject, "status" | "incomplete_details"> {
  switch (finish) {
    case "stop":
    case "tool_calls":
      return { status: "completed", incomplete_details: null };
    case "length":
      return { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
    case "content_filter":
      return { status: "incomplete", incomplete_details: { reason: "content_filter" } };
    case "error":
    case "cancelled":
      return { status: "failed", incomplete_details: null };
  }
}

/** Tokens as responses count them. */
export function wireResponseUsage(usage: Usage | undefined): ResponseObject["usage"] {
  if (usage === undefined) return null;
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens ?? 0, cache_write_tokens: 0 },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.totalTokens,
  };
}

/** Why one failed: by OpenAI's codes, which are a closed set, with ours beside it. */
export function wireResponseError({ code, message }: ErrorInfo): NonNullable<ResponseObject["error"]> {
  const status = statusOf(code);
  const theirs = status === 429 ? "rate_limit_exceeded" : status < 500 ? "invalid_prompt" : "server_error";
  return { code: theirs, message: wireWords(message), type: code };
}
