import { describe, expect, test } from "vitest";
import { APICallError, generateText, stepCountIs, tool } from "ai";
import { WickError } from "wick";
import { z } from "zod";
import { wick, wickEmbedding } from "../src/index.ts";
import { callPiece, chunks, hosted } from "./hosted.ts";
import { callOf, checked, partsOf, quietWarnings, rejection } from "./versions.ts";

quietWarnings();

const stop = { finish_reason: "stop" };
const tools = ["weather", "time"].map((name) => ({
  type: "function" as const,
  name,
  inputSchema: { type: "object" as const },
}));

describe("what a host writes", () => {
  test("counts that it does not say are not known, and are not nothing", async () => {
    const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };
    const { model } = hosted(() => chunks({ content: "Hi" }, { ...stop, usage }));
    const { usage: told, response } = await wick(model).doGenerate(callOf());
    expect(told).toMatchObject({
      inputTokens: { total: 7, noCache: undefined, cacheRead: undefined },
      outputTokens: { total: 2, text: undefined, reasoning: undefined },
    });
    expect(response).toMatchObject({ id: "chatcmpl-1", modelId: "hosted-v1", timestamp: new Date(1_700_000_000_000) });
  });

  test("no counts at all", async () => {
    const { model } = hosted(() => chunks({ content: "Hi" }, stop));
    const { usage } = await wick(model).doGenerate(callOf());
    expect(usage.inputTokens.total).toBeUndefined();
    expect(usage.raw).toBeUndefined();
  });

  test("log probabilities, and what has no name here", async () => {
    const logprobs = { content: [{ token: "Hi", logprob: -0.5, bytes: [72, 105], top_logprobs: [] }] };
    const { model } = hosted(() => chunks({ content: "Hi", logprobs, citations: ["a"] }, stop));
    const providerOptions = { wick: { logprobs: true } };
    const { providerMetadata } = await wick(model).doGenerate(callOf({ providerOptions }));
    expect(providerMetadata?.["wick"]).toMatchObject({
      logprobs: [{ token: "Hi", logprob: -0.5 }],
      upstream: [expect.anything()],
    });
  });

  test("calls at the same time: each ends when it is whole", async () => {
    const { model } = hosted(() =>
      chunks(
        callPiece(0, { id: "a", name: "weather", arguments: '{"city":' }),
        callPiece(1, { id: "b", name: "time", arguments: '{"zone"' }),
        callPiece(0, { arguments: '"Paris"}' }),
        callPiece(1, { arguments: ':"CET"}' }),
        { finish_reason: "tool_calls" },
      ),
    );
    const parts = await partsOf(checked(wick(model)), { tools });
    expect(parts.filter(({ type }) => type === "tool-call")).toEqual([
      { type: "tool-call", toolCallId: "a", toolName: "weather", input: '{"city":"Paris"}' },
      { type: "tool-call", toolCallId: "b", toolName: "time", input: '{"zone":"CET"}' },
    ]);
  });

  test("a name in pieces", async () => {
    const { model } = hosted(() =>
      chunks(
        callPiece(0, { id: "a", name: "wea" }),
        callPiece(0, { name: "ther" }),
        callPiece(0, { arguments: "{}" }),
        { finish_reason: "tool_calls" },
      ),
    );
    const parts = await partsOf(checked(wick(model)), { tools });
    expect(parts.find(({ type }) => type === "tool-input-start")).toMatchObject({ toolName: "weather" });
    expect(parts.find(({ type }) => type === "tool-call")).toMatchObject({ toolName: "weather", input: "{}" });
  });

  test("text between calls, in its place", async () => {
    const { model } = hosted(() =>
      chunks(
        callPiece(0, { id: "a", name: "weather", arguments: "{}" }),
        { content: "And " },
        { content: "the time." },
        callPiece(1, { id: "b", name: "time", arguments: "{}" }),
        { finish_reason: "tool_calls" },
      ),
    );
    const { content } = await wick(model).doGenerate(callOf({ tools }));
    expect(content.map((part) => (part.type === "text" ? part.text : part.type))).toEqual([
      "tool-call",
      "And the time.",
      "tool-call",
    ]);
  });

  test("arguments that go on behind their end are told, and nothing is made of them", async () => {
    const { model } = hosted(() =>
      chunks(
        callPiece(0, { id: "a", name: "weather", arguments: "{}" }),
        callPiece(1, { id: "b", name: "time", arguments: "{}" }),
        callPiece(0, { id: "a", arguments: "}}" }),
        { finish_reason: "tool_calls" },
      ),
    );
    const parts = await partsOf(checked(wick(model)), { tools });
    const [error] = parts.flatMap((part) => (part.type === "error" ? [part.error] : []));
    expect(error).toMatchObject({ name: "AI_InvalidResponseDataError", data: { toolCallId: "a", delta: "}}" } });
    expect(await rejection(wick(model).doGenerate(callOf({ tools })))).toMatchObject({
      name: "AI_InvalidResponseDataError",
    });
  });

  test("the signature of reasoning comes and goes back", async () => {
    const thinking = { type: "thinking", thinking: [{ type: "text", text: "Hm." }], signature: "sig" };
    const { model, asked } = hosted(() => chunks({ content: [thinking] }, { content: "Yes." }, stop), {
      provider: "mistral",
    });
    const first = await generateText({ model: wick(model), prompt: "Is it?" });
    expect(first.reasoningText).toBe("Hm.");
    const messages = [
      { role: "user" as const, content: "Is it?" },
      ...first.response.messages,
      { role: "user" as const, content: "Sure?" },
    ];
    await generateText({ model: wick(model), messages });
    expect(asked[1]?.body["messages"]).toMatchObject([
      { role: "user" },
      {
        role: "assistant",
        content: [
          { ...thinking, signature: "sig" },
          { type: "text", text: "Yes." },
        ],
      },
      { role: "user", content: "Sure?" },
    ]);
  });
});

test("the signature of reasoning before calls goes with them", async () => {
  const thinking = { type: "thinking", thinking: [{ type: "text", text: "Hm." }], signature: "sig" };
  const call = callPiece(0, { id: "abcdefghi", name: "weather", arguments: "{}" });
  const { model, asked } = hosted(
    (_, index) => (index === 0 ? chunks({ content: [thinking] }, call, { finish_reason: "tool_calls" }) : chunks(stop)),
    { provider: "mistral" },
  );
  const weather = tool({ inputSchema: z.object({}), execute: async () => "19 °C" });
  await generateText({ model: wick(model), tools: { weather }, prompt: "Weather?", stopWhen: stepCountIs(2) });
  expect(asked[1]?.body["messages"]).toMatchObject([
    { role: "user" },
    { role: "assistant", content: [thinking, { type: "text", text: "" }], tool_calls: [{ id: "abcdefghi" }] },
    { role: "tool", content: "19 °C" },
  ]);
});

test("an answer that nobody asked for beside the first is left alone", async () => {
  const { model } = hosted(() => {
    const choice = (index: number, content: string) => ({ index, delta: { content }, finish_reason: "stop" });
    return Response.json({ id: "a", choices: [choice(0, "One."), choice(1, "Other.")] });
  });
  const { content } = await wick(model).doGenerate(callOf());
  expect(content).toEqual([{ type: "text", text: "One." }]);
});

describe("what a host has not", () => {
  test("and the SDK's options ask for, is left out and told", async () => {
    const { model, asked } = hosted(() => chunks({ content: "Hi" }, stop));
    const { warnings, request } = await wick(model).doGenerate(callOf({ topK: 40, temperature: 0.5, seed: 7 }));
    expect(warnings).toEqual([
      { type: "unsupported", feature: "topK", details: expect.stringContaining("extraBody: { top_k: 40 }") },
    ]);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.body).toMatchObject({ temperature: 0.5, seed: 7 });
    expect(asked[0]?.body).not.toHaveProperty("top_k");
    expect(request?.body).not.toHaveProperty("topK");
  });

  test("the same of a stream", async () => {
    const { model } = hosted(() => chunks({ content: "Hi" }, stop), { provider: "mistral" });
    const [start] = await partsOf(checked(wick(model)), { topK: 40 });
    expect(start).toMatchObject({ type: "stream-start", warnings: [{ type: "unsupported", feature: "topK" }] });
  });

  test("and the program asks for under Wick's own name, is refused", async () => {
    const { model, asked } = hosted(() => chunks({ content: "Hi" }, stop));
    for (const providerOptions of [{ wick: { topK: 40 } }, { wick: { minP: 0.1 } }]) {
      const error = await rejection(wick(model).doGenerate(callOf({ providerOptions, topK: 40 })));
      expect(WickError.isInstance(error) && error.code).toBe("unsupported");
      expect(error).toMatchObject({ functionality: Object.keys(providerOptions.wick)[0] });
    }
    expect(asked).toEqual([]);
  });

  test("can be sent under the host's name", async () => {
    const { model, asked } = hosted(() => chunks({ content: "Hi" }, stop));
    await wick(model).doGenerate(callOf({ providerOptions: { wick: { extraBody: { top_k: 40 } } } }));
    expect(asked[0]?.body).toMatchObject({ top_k: 40 });
  });
});

describe("a host is sent", () => {
  test("headers of the call", async () => {
    const { model, asked } = hosted(() => chunks({ content: "Hi" }, stop));
    await generateText({ model: wick(model), prompt: "Hi", headers: { "x-team": "a", "x-none": undefined } });
    expect(asked[0]?.headers.get("x-team")).toBe("a");
    expect(asked[0]?.headers.has("x-none")).toBe(false);
    expect(asked[0]?.headers.get("user-agent")).toMatch(/^ai\//);
  });

  test("how much to think, and the most of it", async () => {
    const { model, asked } = hosted(() => chunks({ content: "Hi" }, stop));
    const high = await generateText({ model: wick(model), prompt: "Hi", reasoning: "high" });
    const most = await generateText({ model: wick(model), prompt: "Hi", reasoning: "max" });
    await generateText({ model: wick(model), prompt: "Hi", reasoning: "provider-default" });
    expect(asked.map(({ body }) => body["reasoning_effort"])).toEqual(["high", "xhigh", undefined]);
    expect(high.warnings).toEqual([]);
    expect(most.warnings).toMatchObject([{ type: "compatibility", feature: "reasoning" }]);
  });

  test("a schema, as strictly as it is by itself", async () => {
    const { model, asked } = hosted(() => chunks({ content: "{}" }, stop));
    const schema = { type: "object" as const, properties: {} };
    await wick(model).doGenerate(callOf({ responseFormat: { type: "json", schema, name: "city" } }));
    expect(asked[0]?.body["response_format"]).toEqual({ type: "json_schema", json_schema: { name: "city", schema } });
  });
});

describe("a host that fails", () => {
  const status = (code: number, headers: Record<string, string> = {}) =>
    Response.json({ error: { message: "slow down" } }, { status: code, headers });

  test("is asked again by the SDK where that may help, when it says", async () => {
    const { model, asked } = hosted((_, index) =>
      index === 0 ? status(429, { "retry-after": "0" }) : chunks({ content: "Hi" }, stop),
    );
    const { text } = await generateText({ model: wick(model), prompt: "Hi" });
    expect(text).toBe("Hi");
    expect(asked).toHaveLength(2);
  });

  test("and how long to wait is told as the SDK reads it", async () => {
    const { model } = hosted(() => status(429, { "retry-after": "3" }));
    const error = await rejection(wick(model).doGenerate(callOf()));
    expect(error).toMatchObject({ isRetryable: true, statusCode: 429, responseHeaders: { "retry-after-ms": "3000" } });
  });

  test("and is not, where that does not help", async () => {
    const { model, asked } = hosted(() => status(401));
    const error = await rejection(generateText({ model: wick(model), prompt: "Hi" }));
    expect(asked).toHaveLength(1);
    expect(WickError.isInstance(error)).toBe(true);
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({
      code: "unauthorized",
      statusCode: 401,
      isRetryable: false,
      responseBody: "slow down",
    });
  });

  test("embeddings are the same", async () => {
    const { model, asked } = hosted(() => status(503));
    const error = await rejection(wickEmbedding(model).doEmbed({ values: ["a"] }));
    expect(asked).toHaveLength(1);
    expect(error).toMatchObject({ code: "http_error", statusCode: 503, isRetryable: true });
  });
});
