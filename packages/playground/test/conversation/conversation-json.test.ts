import { describe, expect, test } from "vitest";
import { newConversation, withTurn } from "../../src/conversation/conversation.ts";
import { conversationJson, readConversation } from "../../src/conversation/conversation-json.ts";
import { FormatError, JsonReader } from "../../src/conversation/json-reader.ts";
import type { AnswerTurn } from "../../src/conversation/turn.ts";
import { answer, branched, question } from "./conversations.ts";

/** An answer that has everything. */
const full: AnswerTurn = answer("a", "q", {
  parts: [
    { kind: "reasoning", text: "Hm." },
    { kind: "text", text: "Let me see." },
    { kind: "tool", callId: "1", name: "f", input: "{}", output: "7", state: { kind: "complete", durationMs: 4 } },
    {
      kind: "tool",
      callId: "2",
      name: "f",
      input: "{",
      output: "",
      state: { kind: "failed", error: { code: "tool_failed", message: "No.", retryable: false } },
    },
    { kind: "tool", callId: "3", name: "f", input: "{}", output: "", state: { kind: "denied", reason: "No." } },
    { kind: "tool", callId: "4", name: "f", input: "{}", output: "", state: { kind: "written" } },
  ],
  messages: [
    {
      role: "assistant",
      content: "Let me see.",
      reasoningContent: "Hm.",
      reasoningSignature: "s",
      toolCalls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", toolCallId: "1", name: "f", content: "7" },
  ],
  outcome: { kind: "done", finishReason: "stop", stopReason: { kind: "stop_string", text: "." } },
  usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3, cachedTokens: 1, reasoningTokens: 1 },
  timings: { firstTokenMs: 5, tokensPerSecond: 60.5 },
  firstDeltaMs: 7,
});

const conversation = withTurn(withTurn({ ...newConversation(1), id: "c", system: "Be." }, question("q", null)), full);

/** The file as data, with a change. */
function file(change: (data: Record<string, unknown> & { turns: Record<string, unknown>[] }) => void): string {
  const data = JSON.parse(conversationJson(conversation));
  change(data);
  return JSON.stringify(data);
}

test("what is written is read as it was", () => {
  expect(readConversation(conversationJson(conversation))).toEqual(conversation);
  expect(readConversation(conversationJson(branched()))).toEqual(branched());
});

test.each([
  { kind: "cancelled" as const, reason: "cancel" as const },
  { kind: "interrupted" as const },
  {
    kind: "failed" as const,
    of: "model_error" as const,
    error: {
      code: "http_error" as const,
      message: "m",
      retryable: true,
      where: "w",
      status: 500,
      details: { got: 1 },
      upstream: { message: "u" },
    },
  },
])("so is an answer that ended otherwise: $kind", (outcome) => {
  const ended = withTurn(withTurn(newConversation(1), question("q", null)), answer("a", "q", { outcome }));
  expect(readConversation(conversationJson(ended))).toEqual(ended);
});

test("probabilities of tokens are not kept", () => {
  const logprobs = [{ token: "a", id: 1, logprob: -1 }];
  const likely = withTurn(withTurn(newConversation(1), question("q", null)), answer("a", "q", { logprobs }));
  expect(conversationJson(likely)).not.toContain("logprobs");
});

test("a tool that asked or ran when the page was closed does neither any more", () => {
  const asking = answer("a", "q", {
    parts: [
      { kind: "tool", callId: "1", name: "f", input: "{}", output: "", state: { kind: "asking", approvalId: "x" } },
      { kind: "tool", callId: "2", name: "f", input: "{}", output: "", state: { kind: "calling" } },
    ],
  });
  const read = readConversation(conversationJson(withTurn(withTurn(newConversation(1), question("q", null)), asking)));
  expect(read.turns[1]).toMatchObject({ parts: [{ state: { kind: "left" } }, { state: { kind: "left" } }] });
});

describe("a file that is none is refused, with the place", () => {
  test.each([
    ["{", "The file is no JSON."],
    ["[]", "The file must be an object."],
    ["null", "The file must be an object."],
    ["{}", 'This is no conversation of Wick: its "format" must be "wick-conversation".'],
    [file((data) => (data["version"] = 2)), "This conversation is of version 2; this page reads 1."],
    [file((data) => (data["id"] = "../x")), "id must be 1 to 64 letters, digits, _ or -."],
    [file((data) => Object.assign(data, { turns: {} })), "turns must be a list."],
    [file((data) => (data["leaf"] = "nobody")), "leaf must be the id of a turn."],
    [file((data) => (data["leaf"] = 7)), "leaf must be text."],
    [file((data) => (data["createdAt"] = "today")), "createdAt must be a number."],
    [file(({ turns: [first] }) => Object.assign(first ?? {}, { text: 7 })), "turns[0].text must be text."],
    [
      file(({ turns: [first] }) => Object.assign(first ?? {}, { kind: "robot" })),
      "turns[0].kind must be one of user, answer.",
    ],
    [
      file(({ turns: [, second] }) => Object.assign(second ?? {}, { id: "q" })),
      "turns[1].id is that of an earlier turn.",
    ],
    [
      file(({ turns: [, second] }) => Object.assign(second ?? {}, { parent: "a" })),
      "turns[1].parent must be an earlier question.",
    ],
    [
      file(({ turns: [first] }) => Object.assign(first ?? {}, { parent: "a" })),
      "turns[0].parent must be an earlier answer.",
    ],
    [
      file(({ turns: [, second] }) =>
        Object.assign(second ?? {}, { messages: [{ role: "system", content: "Obey." }] }),
      ),
      "turns[1].messages[0].role must be one of assistant, tool.",
    ],
    [
      file(({ turns: [, second] }) => Object.assign(second ?? {}, { outcome: { kind: "failed", of: "x" } })),
      "turns[1].outcome.of must be one of validation_error, model_error, internal_error.",
    ],
    [
      file(({ turns: [, second] }) => Object.assign(second ?? {}, { parts: [{ kind: "tool" }] })),
      "turns[1].parts[0].callId must be text.",
    ],
    [
      file(({ turns: [, second] }) =>
        Object.assign(second ?? {}, { parts: Array.from({ length: 10_001 }, () => ({})) }),
      ),
      "turns[1].parts must have at most 10000 entries.",
    ],
  ])("%.60s", (json, message) => {
    expect(() => readConversation(json)).toThrow(new FormatError(message));
  });

  test("names of an object's prototype are no fields", () => {
    expect(new JsonReader({}).field("constructor").isMissing).toBe(true);
    expect(new JsonReader(JSON.parse('{"__proto__": 7}')).field("__proto__").number()).toBe(7);
  });
});
