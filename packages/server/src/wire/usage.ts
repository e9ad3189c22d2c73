import type { Usage } from "wick";
import { z } from "zod";

/** Tokens as OpenAI counts them. */
export const usageSchema = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int() }),
  completion_tokens_details: z.object({ reasoning_tokens: z.int() }),
});

/** Nothing was counted where a host behind this server did not say. */
const none: Usage = { promptTokens: 0, completionTokens: 0, totalTokens: 0 };

/** The same in OpenAI's words. */
export function wireUsage(usage: Usage = none): z.infer<typeof usageSchema> {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.totalTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
  };
}
