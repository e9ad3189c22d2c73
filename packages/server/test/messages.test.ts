// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Chats as Anthropic has them, whole and streamed.

import { demoModel } from "@wick/demo-model";
import type Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { contentOf } from "./support/chat-chunks.ts";
import { capital, capitalAnswer } from "./support/questions.ts";
import { dataOf } from "./support/server-events.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const address = "/v1/messages";
const messages = [{ role: "user", content: "Hi" }];
const body = { messages, max_tokens: 50 };
const question = { messages: capital.messages, temperature: 0, max_tokens: 40 };
const call = {
  id: "call12345",
  type: "function" as const,
  function: { name: "get_weather", arguments: '{"city":"Paris"}' },
};
const tool = {
  name: "get_weather",
  description: "Get it.",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
};
const everything: ScriptedReply = { reasoning: ["Two ", "and two."], text: ["It is ", "four."], toolCalls: [call] };

type Event = Anthropic.RawMessageStreamEvent;

const answering = (reply: ScriptedReply) => testServer(scriptedModel({ replies: [reply] }));

async function stream(server: TestServer, request: object): Promise<Event[]> {
  const answer = await server.post(address, { ...request, stream: true });
  expect(answer.status, answer.text).toBe(200);
  // Each event has the name of its type, which its clients go by.
  for (const event of answer.events) {
    if (event.kind === "event") expect(event.name).toBe((JSON.parse(event.data) as Event).type);
  }
  return dataOf<Event>(answer.events).filter((event) => event !== "[DONE]");
}

const whole = async (server: TestServer, request: object) =>
  (await server.post(address, request)).json as Anthropic.Message;

describe("an answer", () => {
  test("has blocks for thoughts, text and calls, in this order", async () => {
    expect(await whole(answering(everything), body)).toEqual({
      id: expect.stringMatching(/^msg_/),
      type: "message",
      role: "assistant",
      model: "demo",
      content: [
        { type: "thinking", thinking: "Two and two.", signature: "" },
        { type: "text", text: "It is four.", citations: null },
        { type: "tool_use", id: "call12345", name: "get_weather", input: { city: "Paris" } },
      ],
      stop_reason: "tool_use",
      stop_sequence: null,
      usage: {
        input_tokens: expect.any(Number),
        output_tokens: 5,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
      },
    });
  });

  test("that is empty has no block", async () => {
    expect(await whole(answering({ text: "" }), body)).toMatchObject({ content: [], stop_reason: "end_turn" });
  });

  test.each<[ScriptedReply, object]>([
    [{ text: "A" }, { stop_reason: "end_turn", stop_sequence: null }],
    [
      { text: "A", stopReason: { kind: "stop_string", text: "B" } },
      { stop_reason: "stop_sequence", stop_sequence: "B" },
    ],
    [
      { text: "A", finishReason: "length", stopReason: { kind: "max_tokens" } },
      { stop_reason: "max_tokens", stop_sequence: null },
    ],
    [
      { text: "A", finishReason: "length", stopReason: { kind: "context" } },
      { stop_reason: "model_context_window_exceeded" },
    ],
    [{ text: "A", finishReason: "content_filter" }, { stop_reason: "refusal" }],
    [{ toolCalls: [call] }, { stop_reason: "tool_use" }],
  ])("of %j ends with %j", async (reply, end) => {
    expect(await whole(answering(reply), body)).toMatchObject(end);
  });

  test("counts what was still there apart from what was read", async () => {
    const usage = { promptTokens: 100, completionTokens: 7, cachedTokens: 60 };
    expect((await whole(answering({ text: "A", usage }), body)).usage).toMatchObject({
      input_tokens: 40,
      cache_read_input_tokens: 60,
      output_tokens: 7,
    });
  });
});

describe("a stream", () => {
  test("opens and closes one block after the other, and ends with the usage", async () => {
    const events = await stream(answering(everything), body);
    expect(events.map(({ type }) => type)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect(events.flatMap((event) => ("index" in event ? [event.index] : []))).toEqual([
      0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
    ]);
    expect(events.flatMap((event) => (event.type === "content_block_start" ? [event.content_block] : []))).toEqual([
      { type: "thinking", thinking: "", signature: "" },
      { type: "text", text: "", citations: null },
      { type: "tool_use", id: "call12345", name: "get_weather", input: {} },
    ]);
    expect(events.flatMap((event) => (event.type === "content_block_delta" ? [event.delta] : []))).toEqual([
      { type: "thinking_delta", thinking: "Two " },
      { type: "thinking_delta", thinking: "and two." },
      { type: "text_delta", text: "It is " },
      { type: "text_delta", text: "four." },
      { type: "input_json_delta", partial_json: '{"city":"Paris"}' },
    ]);
    expect(events.at(0)).toMatchObject({
      message: { type: "message", role: "assistant", content: [], stop_reason: null, model: "demo" },
    });
    expect(events.at(-2)).toEqual({
      type: "message_delta",
      delta: { stop_reason: "tool_use", stop_sequence: null },
      usage: {
        input_tokens: expect.any(Number),
        output_tokens: 5,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
      },
    });
  });

  test("puts together to the whole answer", async () => {
    for (const reply of [
      everything,
      { text: "A" },
      { text: "" },
      { toolCalls: [call, { ...call, id: "call67890" }] },
    ]) {
      const expected = await whole(answering(reply), body);
      const content: Record<string, unknown>[] = [];
      for (const event of await stream(answering(reply), body)) {
        if (event.type === "content_block_start") content.push({ ...event.content_block, json: "" });
        if (event.type !== "content_block_delta") continue;
        const block = content.at(-1) ?? {};
        if (event.delta.type === "text_delta") block["text"] = `${String(block["text"])}${event.delta.text}`;
        if (event.delta.type === "thinking_delta")
          block["thinking"] = `${String(block["thinking"])}${event.delta.thinking}`;
        if (event.delta.type === "input_json_delta")
          block["json"] = `${String(block["json"])}${event.delta.partial_json}`;
      }
      const blocks = content.map(({ json, ...block }) =>
        json === "" ? block : { ...block, input: JSON.parse(String(json)) as object },
      );
      expect(blocks).toEqual(expected.content);
    }
  });
});

describe("of a real model", () => {
  let model: Model;
  let server: TestServer;
  beforeAll(async () => {
    model = await Model.load(demoModel());
    server = testServer(model);
  });
  afterAll(() => model.close());

  test("is the answer of a chat", async () => {
    expect(await whole(server, question)).toMatchObject({
      content: [{ type: "text", text: capitalAnswer }],
      stop_reason: "end_turn",
      usage: { output_tokens: 10 },
    });
    const events = await stream(server, question);
    expect(
      events
        .map((event) =>
          event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : "",
        )
        .join(""),
    ).toBe(capitalAnswer);
  });

  test("ends before a stop sequence, and names it", async () => {
    const stopped = { ...question, stop_sequences: ["never", " Paris"] };
    const end = { stop_reason: "stop_sequence", stop_sequence: " Paris" };
    expect(await whole(server, stopped)).toMatchObject({ content: [{ text: "The capital of France is" }], ...end });
    expect((await stream(server, stopped)).at(-2)).toMatchObject({ delta: end });
  });

  test("calls a tool", async () => {
    const request = {
      ...question,
      max_tokens: 100,
      messages: [{ role: "user", content: "What is the weather in Paris?" }],
      tools: [tool],
      tool_choice: { type: "any" },
    };
    const { content, stop_reason: reason } = await whole(server, request);
    expect(content.at(-1)).toMatchObject({
      type: "tool_use",
      id: expect.stringMatching(/^\w{9}$/),
      name: "get_weather",
      input: expect.any(Object),
    });
    expect(reason).toBe("tool_use");
    const pieces = (await stream(server, request)).map((event) =>
      event.type === "content_block_delta" && event.delta.type === "input_json_delta" ? event.delta.partial_json : "",
    );
    expect(JSON.parse(pieces.join(""))).toEqual((content.at(-1) as Anthropic.ToolUseBlock).input);
  });

  test("thinks no longer than its budget", async () => {
    const request = {
      ...question,
      max_tokens: 100,
      thinking: { type: "enabled", budget_tokens: 3 },
      output_config: { effort: "high" },
    };
    const { content } = await whole(server, request);
    expect(content[0]?.type).toBe("thinking");
    const tokens = await model.tokenize((content[0] as Anthropic.ThinkingBlock).thinking);
    expect(tokens.length).toBeLessThanOrEqual(4);
    expect(
      (await whole(server, { ...request, thinking: { type: "disabled" } })).content.map(({ type }) => type),
    ).toEqual(["text"]);
  });

  test("is of a schema", async () => {
    const schema = {
      type: "object",
      properties: { city: { enum: ["Paris", "Rome"] } },
      required: ["city"],
      additionalProperties: false,
    };
    const { content } = await whole(server, {
      ...question,
      output_config: { format: { type: "json_schema", schema } },
    });
    expect(Object.keys(JSON.parse((content.at(-1) as Anthropic.TextBlock).text) as object)).toEqual(["city"]);
  });

  test("counts the tokens of a prompt, tools and all, as its answer does", async () => {
    for (const prompt of [
      { messages: question.messages },
      { ...question, system: "Be brief." },
      { messages, tools: [tool] },
    ]) {
      const { max_tokens: _, temperature: __, ...counted } = { max_tokens: 0, temperature: 0, ...prompt };
      const { json } = await server.post(`${address}/count_tokens`, counted);
      const { usage } = await whole(server, { ...prompt, max_tokens: 1 });
      expect(json).toEqual({ input_tokens: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) });
    }
  });

  test("goes on from an answer that has begun", async () => {
    const begun = { role: "assistant", content: "The capital of" };
    const { content } = await whole(server, { ...question, messages: [...question.messages, begun] });
    expect(`The capital of${(content[0] as Anthropic.TextBlock).text}`).toBe(capitalAnswer);
    expect(contentOf((await server.post("/v1/chat/completions", capital)).text)).toBe(capitalAnswer);
  });
});
