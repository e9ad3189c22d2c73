import type { AssistantOutput, ChatCompletion } from "wick";
import { z } from "zod";
import { chatLogprobs, chatLogprobsSchema } from "../wire/logprobs.js";
import type { ClientKind } from "../wire/client.js";
import { finishReasonSchema, wireFinishReason } from "../wire/finish-reason.js";
import { usageSchema, wireUsage } from "../wire/usage.js";

const toolCallSchema = z.object({
  id: z.string(),
  type: z.literal("function"),
  index: z.int(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const contentParts = z.array(
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("text"), text: z.string() }),
    z.object({
      type: z.literal("thinking"),
      thinking: z.array(z.object({ type: z.literal("text"), text: z.string() })),
      closed: z.boolean(),
    }),
  ]),
);

/** A whole answer. */
export const chatCompletionSchema = z
  .object({
    id: z.string(),
    object: z.literal("chat.completion"),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({
          role: z.literal("assistant"),
          content: z.union([z.string(), contentParts]).nullable(),
          refusal: z.null(),
          reasoning_content: z.string().optional(),
          tool_calls: z.array(toolCallSchema).optional(),
        }),
        finish_reason: finishReasonSchema,
        logprobs: chatLogprobsSchema,
      }),
    ),
    usage: usageSchema,
  })
  .meta({ id: "ChatCompletion" });

/** An answer as OpenAI's and Mistral's clients read it. */
export function wireChatCompletion(
  { id, created, choices, usage }: ChatCompletion,
  { model, client, thinksInParts }: { model: string; client: ClientKind; thinksInParts: boolean },
): z.infer<typeof chatCompletionSchema> {
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: choices.map(({ index, message, finishReason, logprobs }) => ({
      index,
      message: wireMessage(message, { client, thinksInParts }),
      finish_reason: wireFinishReason(finishReason),
      logprobs: chatLogprobs(logprobs),
    })),
    usage: wireUsage(usage),
  };
}

function wireMessage(
  { content, reasoningContent, toolCalls }: AssistantOutput,
  { client, thinksInParts }: { client: ClientKind; thinksInParts: boolean },
): z.infer<typeof chatCompletionSchema>["choices"][number]["message"] {
  const calls = toolCalls?.map((call, index) => ({ ...call, index }));
  // OpenAI's clients take null for a pure call; Mistral's take text alone.
  const said = content === "" && calls !== undefined && client === "openai" ? null : content;
  const thought = reasoningContent !== undefined && reasoningContent !== "";
  return {
    role: "assistant",
    content: thought && thinksInParts ? [thinkingPart(reasoningContent, true), textPart(content)] : said,
    refusal: null,
    ...(thought && !thinksInParts && { reasoning_content: reasoningContent }),
    ...(calls !== undefined && { tool_calls: calls }),
  };
}

/** Text as a part of a content. */
export function textPart(text: string) {
  return { type: "text" as const, text };
}

/** Thoughts as Mistral has them. */
export function thinkingPart(text: string, closed: boolean) {
  return { type: "thinking" as const, thinking: [textPart(text)], closed };
}
