import { expect, test } from "vitest";
import type { ChatCompletion, ChunkDelta, WickResponse } from "wick";
import { summaryOf } from "../../src/inspector/response-summary.ts";

const chunk = (delta: ChunkDelta, finishReason: "stop" | null = null): WickResponse => ({
  kind: "chunk",
  id: "1",
  model: "m",
  created: 0,
  choices: [{ index: 0, delta, finishReason }],
});
const completion: ChatCompletion = {
  object: "chat.completion",
  id: "1",
  model: "m",
  created: 0,
  choices: [{ index: 0, message: { role: "assistant", content: "" }, finishReason: "length" }],
  usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3 },
};
const error = { code: "queue_full" as const, message: "Later.", retryable: true };

test.each<[string, WickResponse]>([
  ['"a\\n"', chunk({ content: "a\n" })],
  ['thinks "hm"', chunk({ reasoningContent: "hm" })],
  ['f({"a"', chunk({ toolCalls: [{ index: 0, id: "1", function: { name: "f", arguments: '{"a"' } }] })],
  ["→ stop", chunk({}, "stop")],
  ["length, 2 tokens", { kind: "done", completion }],
  ["queue_full: Later.", { kind: "validation_error", error }],
  ["queue_full: Later.", { kind: "model_error", error, partial: completion }],
  ["signal", { kind: "cancelled", reason: "signal", partial: completion }],
  ["3 / 9", { kind: "prompt_progress", processed: 3, total: 9, cached: 0 }],
  [
    "f: calling",
    { kind: "agentic_tool_call_progress", round: 0, callId: "1", toolName: "f", input: {}, phase: { kind: "calling" } },
  ],
  ["f?", { kind: "agentic_tool_approval_required", approvalId: "1", round: 0, callId: "1", toolName: "f", input: {} }],
])("%s", (summary, response) => {
  expect(summaryOf(response)).toBe(summary);
});

test("a long one is cut", () => {
  expect(summaryOf(chunk({ content: "x".repeat(10_000) })).length).toBeLessThan(130);
});
