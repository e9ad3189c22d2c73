import type { FinishReason } from "wick";
import { z } from "zod";

/** Why a choice ended, in the words that all clients know. */
export const finishReasonSchema = z.enum(["stop", "length", "tool_calls", "content_filter", "error"]);

/** A choice that was cancelled has an error for its client. */
export function wireFinishReason(reason: FinishReason): z.infer<typeof finishReasonSchema> {
  return reason === "cancelled" ? "error" : reason;
}
