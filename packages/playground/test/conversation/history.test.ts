import { expect, test } from "vitest";
import type { ToolCall } from "wick";
import { historyOf } from "../../src/conversation/history.ts";
import { answer, question } from "./conversations.ts";

const call = (id: string): ToolCall => ({ id, type: "function", function: { name: "f", arguments: "{}" } });

test("the system prompt comes first, unless it is blank", () => {
  expect(historyOf("Be brief.", [question("q", null)])).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: "Question q" },
  ]);
  expect(historyOf(" \n", [question("q", null)])).toHaveLength(1);
});

test("an answer is all that its rounds added", () => {
  const messages = [
    { role: "assistant" as const, content: "", toolCalls: [call("1")] },
    { role: "tool" as const, toolCallId: "1", content: "7" },
    { role: "assistant" as const, content: "It is 7." },
  ];
  expect(historyOf("", [question("q", null), answer("a", "q", { messages })]).slice(1)).toEqual(messages);
});

test("calls that nobody answered are left out, and messages that are nothing else", () => {
  const messages = [
    { role: "assistant" as const, content: "I will look.", toolCalls: [call("1"), call("2")] },
    { role: "tool" as const, toolCallId: "2", content: "7" },
    { role: "assistant" as const, content: "", toolCalls: [call("3")] },
  ];
  expect(historyOf("", [answer("a", "q", { messages })])).toEqual([
    { role: "assistant", content: "I will look.", toolCalls: [call("2")] },
    messages[1],
  ]);
  const stopped = [{ role: "assistant" as const, content: "I will", toolCalls: [call("1")] }];
  expect(historyOf("", [answer("a", "q", { messages: stopped })])).toEqual([{ role: "assistant", content: "I will" }]);
});

test("an answer of which nothing came is no message", () => {
  expect(historyOf("", [answer("a", "q", { messages: [{ role: "assistant", content: "" }] })])).toEqual([]);
  expect(historyOf("", [answer("a", "q", { messages: [] })])).toEqual([]);
});
