import type { Completion } from "wick";
import { z } from "zod";
import { finishReasonSchema, wireFinishReason } from "../wire/finish-reason.js";
import { textLogprobs, textLogprobsSchema } from "../wire/logprobs.js";
import { usageSchema, wireUsage } from "../wire/usage.js";

/** A whole text. */
export const textCompletionSchema = z
  .object({
    id: z.string(),
    object: z.literal("text_completion"),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        text: z.string(),
        finish_reason: finishReasonSchema,
        logprobs: textLogprobsSchema,
      }),
    ),
    usage: usageSchema,
  })
  .meta({ id: "Completion" });

/** A text as OpenAI's clients read it. */
export function wireTextCompletion(
  { id, created, choices, usage }: Completion,
  model: string,
): z.infer<typeof textCompletionSchema> {
  return {
    id,
    object: "text_completion",
    created,
    model,
    choices: choices.map(({ index, text, finishReason, logprobs }) => ({
      index,
      text,
      finish_reason: wireFinishReason(finishReason),
      logprobs: textLogprobs(logprobs, text, 0),
    })),
    usage: wireUsage(usage),
  };
}
