// Chats that are answered whole, and what their messages mean.

import { demoModel } from "@wick/demo-model";
import type { ChatCompletion } from "openai/resources";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { scriptedModel } from "wick/testing";
import { capital, capitalAnswer, weather } from "./support/questions.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
let model: Model;
let server: TestServer;

beforeAll(async () => {
  model = await Model.load(demoModel());
  server = testServer(model);
});
afterAll(() => model.close());

const whole = async (of: TestServer, question: object) => (await of.post(chat, question)).json as ChatCompletion;

describe("whole answers", () => {
  test("have no field that is null but those that OpenAI's have", async () => {
    expect(await whole(server, capital)).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion",
      created: expect.any(Number),
      model: "demo",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: capitalAnswer, refusal: null },
          finish_reason: "stop",
          logprobs: null,
        },
      ],
      usage: {
        prompt_tokens: 16,
        completion_tokens: 10,
        total_tokens: 26,
        prompt_tokens_details: { cached_tokens: expect.any(Number) },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
  });

  test("of a given form are of it", async () => {
    const schema = {
      type: "object",
      properties: { city: { enum: ["Paris", "Rome"] } },
      required: ["city"],
      additionalProperties: false,
    };
    const format = { type: "json_schema", json_schema: { name: "city", strict: true, schema } };
    const answer = await whole(server, { ...capital, response_format: format });
    expect(["Paris", "Rome"]).toContain(
      (JSON.parse(answer.choices[0]?.message.content ?? "") as { city: string }).city,
    );
    for (const [response_format, pattern] of [
      [{ type: "json_object" }, /^\s*\{/],
      [{ type: "regex", regex: "[a-c]{3}" }, /^[a-c]{3}$/],
      [{ type: "choice", choices: ["yes", "no"] }, /^(?:yes|no)$/],
      [{ type: "lark", grammar: 'start: "a" | "b"' }, /^[ab]$/],
      [{ type: "text" }, /Paris/],
    ] as const) {
      const { choices } = await whole(server, { ...capital, response_format });
      expect(choices[0]?.message.content).toMatch(pattern);
    }
  });

  test("go on from a message that has begun", async () => {
    const begun = { role: "assistant", content: "The capital of", prefix: true };
    const { choices } = await whole(server, { ...capital, messages: [...capital.messages, begun] });
    expect(`The capital of${choices[0]?.message.content}`).toBe(capitalAnswer);
  });

  test("of messages in all their spellings are what the library answers to them", async () => {
    const spellings = scriptedModel({ replies: ["Yes."] });
    await testServer(spellings).post(chat, {
      messages: [
        {
          role: "developer",
          content: [
            { type: "text", text: "Be " },
            { type: "text", text: "brief." },
          ],
        },
        { role: "user", name: "Ann", content: [{ type: "text", text: "Hi" }] },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "abc123def", index: 0, function: { name: "f", arguments: { a: 1 } } }],
        },
        { role: "tool", tool_call_id: "abc123def", name: "f", content: [{ type: "text", text: "1" }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: [{ type: "text", text: "Hm." }], closed: true },
            { type: "text", text: "One." },
          ],
        },
        { role: "assistant", content: "Two.", reasoning_content: "Hm.", refusal: null, audio: null },
      ],
    });
    expect(spellings.calls[0]?.request).toEqual({
      messages: [
        {
          role: "system",
          content: [
            { type: "text", text: "Be " },
            { type: "text", text: "brief." },
          ],
        },
        { role: "user", content: [{ type: "text", text: "Hi" }] },
        {
          role: "assistant",
          toolCalls: [{ id: "abc123def", type: "function", function: { name: "f", arguments: '{"a":1}' } }],
        },
        { role: "tool", toolCallId: "abc123def", name: "f", content: [{ type: "text", text: "1" }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: [{ type: "text", text: "Hm." }], closed: true },
            { type: "text", text: "One." },
          ],
        },
        { role: "assistant", content: "Two.", reasoningContent: "Hm." },
      ],
    });
  });

  test("of a tool that the model calls name it, and what it is called with", async () => {
    const question = {
      ...capital,
      messages: [{ role: "user", content: "What is the weather in Paris?" }],
      tools: [weather],
      max_tokens: 100,
    };
    const { choices } = await whole(server, question);
    expect(choices).toMatchObject([
      {
        message: {
          content: null,
          tool_calls: [
            { id: expect.stringMatching(/^[\da-zA-Z]{9}$/), type: "function", function: { name: "get_weather" } },
          ],
        },
        finish_reason: "tool_calls",
      },
    ]);
  });
});
