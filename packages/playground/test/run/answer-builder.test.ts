import { describe, expect, test } from "vitest";
import type { AgentResponse, ChunkDelta, ToolPhase } from "wick";
import { AnswerBuilder } from "../../src/run/answer-builder.ts";

const chunk = (delta: ChunkDelta, round?: number): AgentResponse => ({
  kind: "chunk",
  id: "1",
  model: "m",
  created: 0,
  choices: [{ index: 0, delta, finishReason: null }],
  ...(round !== undefined && { round }),
});
const progress = (callId: string, phase: ToolPhase, toolName = "f"): AgentResponse => ({
  kind: "agentic_tool_call_progress",
  round: 0,
  callId,
  toolName,
  input: { a: 1 },
  phase,
});
const ask = (callId: string, approvalId: string): AgentResponse => ({
  kind: "agentic_tool_approval_required",
  approvalId,
  round: 0,
  callId,
  toolName: "f",
  input: { a: 1 },
  expiresInMs: 1000,
});
const end: AgentResponse = {
  kind: "validation_error",
  error: { code: "invalid_request", message: "m", retryable: false },
};

function parts(...responses: AgentResponse[]) {
  const builder = new AnswerBuilder();
  for (const response of responses) builder.add(response, 5000);
  return builder.settledParts();
}

test("pieces become stretches, in the order in which they came", () => {
  expect(
    parts(
      chunk({ role: "assistant", reasoningContent: "Hm" }),
      chunk({ reasoningContent: "." }),
      chunk({ content: "A" }),
      chunk({ content: "" }),
      chunk({ content: "B" }),
    ),
  ).toEqual([
    { kind: "reasoning", text: "Hm." },
    { kind: "text", text: "AB" },
  ]);
});

describe("a call", () => {
  const written = [
    chunk({ content: "I draw." }, 0),
    chunk({ toolCalls: [{ index: 0, id: "c1", function: { name: "f", arguments: '{"a"' } }] }, 0),
    chunk({ toolCalls: [{ index: 0, function: { arguments: ": 1}" } }] }, 0),
    chunk({ toolCalls: [{ index: 1, id: "c2", function: { name: "g", arguments: "{}" } }] }, 0),
  ];
  const call = { kind: "tool", callId: "c1", name: "f", input: '{"a": 1}', output: "" };

  test("is written piece by piece", () => {
    expect(parts(...written)).toEqual([
      { kind: "text", text: "I draw." },
      { ...call, state: { kind: "written" } },
      { kind: "tool", callId: "c2", name: "g", input: "{}", output: "", state: { kind: "written" } },
    ]);
  });

  test("asks, runs, tells pieces, and is complete", () => {
    const asked = [...written, ask("c1", "x")];
    expect(parts(...asked)[1]).toMatchObject({ state: { kind: "asking", approvalId: "x", expiresAt: 6000 } });
    const running = [...asked, progress("c1", { kind: "calling" }), progress("c1", { kind: "output", delta: "4" })];
    expect(parts(...running)[1]).toMatchObject({ output: "4", state: { kind: "calling" } });
    const complete = progress("c1", { kind: "complete", output: "42", durationMs: 3 });
    expect(parts(...running, complete)[1]).toMatchObject({ output: "42", state: { kind: "complete", durationMs: 3 } });
  });

  test("is denied, or fails", () => {
    expect(parts(...written, progress("c1", { kind: "denied", reason: "No." }))[1]).toMatchObject({
      state: { kind: "denied", reason: "No." },
    });
    const error = { code: "tool_failed" as const, message: "m", retryable: false };
    expect(parts(...written, progress("c1", { kind: "failed", error }))[1]).toMatchObject({
      state: { kind: "failed", error },
    });
  });

  test("of a later round may have the same id", () => {
    const complete = (output: string) => progress("c1", { kind: "complete", output });
    const again = chunk({ toolCalls: [{ index: 0, id: "c1", function: { name: "f", arguments: "{}" } }] }, 1);
    expect(parts(...written, complete("1"), again, complete("2"))).toMatchObject([
      { kind: "text" },
      { callId: "c1", output: "1" },
      { callId: "c2" },
      { callId: "c1", input: "{}", output: "2" },
    ]);
  });

  test("that the server runs was never written here", () => {
    expect(
      parts(
        chunk({ content: "Wait." }),
        progress("s", { kind: "calling" }, "search"),
        progress("s", { kind: "complete", output: "7" }, "search"),
        chunk({ content: "It is 7." }),
      ),
    ).toEqual([
      { kind: "text", text: "Wait." },
      { kind: "tool", callId: "s", name: "search", input: '{"a":1}', output: "7", state: { kind: "complete" } },
      { kind: "text", text: "It is 7." },
    ]);
  });

  test("is left behind by a run that ends", () => {
    expect(parts(...written, progress("c1", { kind: "calling" }), ask("c2", "y"), end)).toMatchObject([
      { kind: "text" },
      { state: { kind: "left" } },
      { state: { kind: "left" } },
    ]);
  });
});

test("the prompt's progress is there until the answer begins", () => {
  const builder = new AnswerBuilder();
  builder.add({ kind: "prompt_progress", processed: 5, total: 10, cached: 0 });
  expect(builder.prompt).toMatchObject({ processed: 5, total: 10 });
  builder.add(chunk({ content: "A" }));
  expect(builder.prompt).toBeUndefined();
});

test("probabilities of tokens are kept in order", () => {
  const builder = new AnswerBuilder();
  const logprobs = (token: string) => [{ token, id: 1, logprob: -1 }];
  for (const token of ["a", "b"]) {
    const response = chunk({ content: token });
    if (response.kind !== "chunk") throw new Error("no chunk");
    builder.add({ ...response, choices: [{ ...response.choices[0], logprobs: logprobs(token) }] });
  }
  expect(builder.logprobs.map(({ token }) => token)).toEqual(["a", "b"]);
});
