import type { FinishReason } from "../../generated/protocol.js";

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  model_length: "length",
  max_tokens: "length",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  content_filter: "content_filter",
  error: "error",
};

/** A host's reason; one that Wick does not know reads `stop`. */
export function finishReasonOf(value: string): { reason: FinishReason; isKnown: boolean } {
  const isKnown = Object.hasOwn(reasons, value);
  return { reason: (isKnown ? reasons[value] : undefined) ?? "stop", isKnown };
}
