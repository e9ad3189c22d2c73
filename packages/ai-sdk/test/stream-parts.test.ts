import { describe, expect, test } from "vitest";
import type { Response } from "wick";
import { callOf, partsOf, quietWarnings, scripted } from "./versions.ts";

quietWarnings();

const call = (id: string, name: string, input: string) => ({
  id,
  type: "function" as const,
  function: { name, arguments: input },
});

const tools = ["weather", "time"].map((name) => ({
  type: "function" as const,
  name,
  inputSchema: { type: "object" as const, properties: { city: { type: "string" as const } } },
}));

const usage = (input: number, output: number, reasoning: number) => ({
  inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: output, text: output - reasoning, reasoning },
});

describe("an answer becomes parts", () => {
  test("text", async () => {
    const { languageModel } = scripted({ replies: [{ text: ["The ", "sky."], usage: { promptTokens: 5 } }] });
    expect(await partsOf(languageModel)).toEqual([
      { type: "stream-start", warnings: [] },
      { type: "response-metadata", id: "scripted-1", modelId: "scripted", timestamp: expect.any(Date) },
      { type: "text-start", id: "text-1" },
      { type: "text-delta", id: "text-1", delta: "The " },
      { type: "text-delta", id: "text-1", delta: "sky." },
      { type: "text-end", id: "text-1" },
      {
        type: "finish",
        finishReason: { unified: "stop", raw: "stop" },
        usage: { ...usage(5, 2, 0), raw: { promptTokens: 5, completionTokens: 2, totalTokens: 7 } },
        providerMetadata: { wick: { stopReason: { kind: "eos" } } },
      },
    ]);
  });

  test("reasoning before text, and calls behind it", async () => {
    const reply = {
      reasoning: ["Hm, ", "weather."],
      text: ["Let me see."],
      toolCalls: [call("a", "weather", '{"city":"Paris"}'), call("b", "time", "")],
    };
    const { languageModel } = scripted({
      replies: [{ ...reply, usage: { reasoningTokens: 2, cachedTokens: 3, promptTokens: 9 } }],
    });
    const parts = await partsOf(languageModel, { tools });
    expect(parts.slice(2)).toEqual([
      { type: "reasoning-start", id: "reasoning-1" },
      { type: "reasoning-delta", id: "reasoning-1", delta: "Hm, " },
      { type: "reasoning-delta", id: "reasoning-1", delta: "weather." },
      { type: "reasoning-end", id: "reasoning-1" },
      { type: "text-start", id: "text-2" },
      { type: "text-delta", id: "text-2", delta: "Let me see." },
      { type: "text-end", id: "text-2" },
      { type: "tool-input-start", id: "a", toolName: "weather" },
      { type: "tool-input-delta", id: "a", delta: '{"city":"Paris"}' },
      // It is whole, and another begins: it can run.
      { type: "tool-input-end", id: "a" },
      { type: "tool-call", toolCallId: "a", toolName: "weather", input: '{"city":"Paris"}' },
      // No arguments are an empty object.
      { type: "tool-input-start", id: "b", toolName: "time" },
      { type: "tool-input-delta", id: "b", delta: "{}" },
      { type: "tool-input-end", id: "b" },
      { type: "tool-call", toolCallId: "b", toolName: "time", input: "{}" },
      {
        type: "finish",
        finishReason: { unified: "tool-calls", raw: "tool_calls" },
        usage: {
          inputTokens: { total: 9, noCache: 6, cacheRead: 3, cacheWrite: undefined },
          outputTokens: { total: 5, text: 3, reasoning: 2 },
          raw: { promptTokens: 9, completionTokens: 5, totalTokens: 14, reasoningTokens: 2, cachedTokens: 3 },
        },
        providerMetadata: { wick: { stopReason: { kind: "eos" } } },
      },
    ]);
  });

  test("an answer of nothing", async () => {
    const { languageModel } = scripted({ replies: [{}] });
    const types = (await partsOf(languageModel)).map(({ type }) => type);
    expect(types).toEqual(["stream-start", "response-metadata", "finish"]);
  });

  test("a call that was cut comes as it is, for who repairs it", async () => {
    const reply = { toolCalls: [call("a", "weather", '{"city":"Par')], finishReason: "length" as const };
    const { languageModel } = scripted({ replies: [reply] });
    const parts = await partsOf(languageModel, { tools });
    expect(parts.slice(-2)).toMatchObject([
      { type: "tool-call", toolCallId: "a", input: '{"city":"Par' },
      { type: "finish", finishReason: { unified: "length", raw: "length" } },
    ]);
  });

  test.each([
    ["stop", "stop"],
    ["length", "length"],
    ["content_filter", "content-filter"],
    ["error", "error"],
    ["cancelled", "other"],
  ] as const)("finish reason %s is %s", async (finishReason, unified) => {
    const { languageModel } = scripted({ replies: [{ text: "a", finishReason }] });
    const [finish] = (await partsOf(languageModel)).slice(-1);
    expect(finish).toMatchObject({ type: "finish", finishReason: { unified, raw: finishReason } });
  });

  test("text of any script, and halves of pairs", async () => {
    const text = ["Grüße 🦊", " 你好", " שלום", " \u{1F469}\u200D\u{1F680}", " \u0000 \uFFFD"];
    const { languageModel } = scripted({ replies: [{ text }] });
    const deltas = (await partsOf(languageModel)).flatMap((part) => (part.type === "text-delta" ? [part.delta] : []));
    expect(deltas).toEqual(text);
  });

  test("a long answer, and long arguments", async () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `word${index} `);
    const input = JSON.stringify({ city: "x".repeat(1_000_000) });
    const { languageModel } = scripted({ replies: [{ text, toolCalls: [call("a", "weather", input)] }] });
    const parts = await partsOf(languageModel, { tools });
    const written = parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("");
    expect(written).toBe(text.join(""));
    expect(parts.at(-2)).toEqual({ type: "tool-call", toolCallId: "a", toolName: "weather", input });
  });
});

describe("raw chunks", () => {
  const promptProgress = [{ processed: 0, total: 4, cached: 0, queuePosition: 1 }];
  const replies = [{ text: ["a", "b"], promptProgress }];

  test("are Wick's responses, each before its parts", async () => {
    const { languageModel } = scripted({ replies });
    const parts = await partsOf(languageModel, { includeRawChunks: true });
    const kinds = parts.map((part) => (part.type === "raw" ? (part.rawValue as Response).kind : part.type));
    expect(kinds).toEqual([
      "stream-start",
      "prompt_progress",
      "chunk",
      "response-metadata",
      "text-start",
      "text-delta",
      "chunk",
      "text-delta",
      "done",
      "text-end",
      "finish",
    ]);
  });

  test("are left out where nobody asks", async () => {
    const { languageModel } = scripted({ replies });
    expect((await partsOf(languageModel)).filter(({ type }) => type === "raw")).toEqual([]);
  });
});

test("nothing is taken from the model before somebody reads", async () => {
  const { model, languageModel } = scripted({
    replies: [{ text: Array.from({ length: 500 }, () => "a "), delayMs: 0 }],
  });
  const { stream } = await languageModel.doStream(callOf());
  const reader = stream.getReader();
  await reader.read();
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  expect(model.stats().running).toBe(1);
  await reader.cancel();
  expect(model.stats().running).toBe(0);
});

test("generating gives what streaming gives", async () => {
  const reply = {
    reasoning: ["Hm."],
    text: ["One ", "two."],
    toolCalls: [call("a", "weather", '{"city":"Paris"}')],
    usage: { promptTokens: 3 },
  };
  const { languageModel } = scripted({ replies: [reply] });
  const {
    content,
    finishReason,
    usage: cost,
    response,
    providerMetadata,
  } = await languageModel.doGenerate(callOf({ tools }));
  expect(content).toEqual([
    { type: "reasoning", text: "Hm." },
    { type: "text", text: "One two." },
    { type: "tool-call", toolCallId: "a", toolName: "weather", input: '{"city":"Paris"}' },
  ]);
  expect(finishReason).toEqual({ unified: "tool-calls", raw: "tool_calls" });
  expect(cost.inputTokens.total).toBe(3);
  expect(response).toMatchObject({ id: "scripted-1", modelId: "scripted", body: { object: "chat.completion" } });
  expect(providerMetadata).toEqual({ wick: { stopReason: { kind: "eos" } } });
});
