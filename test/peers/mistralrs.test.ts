// The server of mistral.rs, with the model that our own engine has beside it.

import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FunctionTool, Model } from "wick";
import { collect, terminalOf, textOf } from "../conformance/chunks.ts";
import { startMistralRs } from "./mistralrs.ts";
import type { PeerServer } from "./peer-server.ts";

const user = (content: string) => [{ role: "user" as const, content }];
/** Else it thinks where nothing is said, which our engine does not. */
const extraBody = { enable_thinking: false };
const weather: FunctionTool = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

let server: PeerServer;
let there: Model;
let here: Model;
beforeAll(async () => {
  server = await startMistralRs(demoModel());
  there = Model.connect({ provider: "mistralrs", model: "default", baseURL: server.url });
  here = await Model.load(demoModel());
});
afterAll(async () => {
  await here.close();
  await server.stop();
});

describe("mistral.rs' server", () => {
  test.each(["What is the capital of France?", "Which is bigger: 12 or 8?", "How does a battery work, in short?"])(
    "%s: says what our engine says, greedily",
    async (question) => {
      const request = { messages: user(question), temperature: 0, maxTokens: 40 };
      const responses = await collect(there.chat.stream({ ...request, extraBody }));
      expect(responses.filter(({ kind }) => kind === "chunk").length).toBeGreaterThan(3);
      expect(terminalOf(responses)).toMatchObject({
        kind: "done",
        completion: { usage: { promptTokens: expect.any(Number) } },
      });
      expect(textOf(responses)).toBe((await here.chat.complete(request)).choices[0].message.content);
    },
  );

  test("two at once, of which none ends the other", async () => {
    const request = {
      messages: user("Write a short story about Mia the fox."),
      temperature: 0,
      maxTokens: 40,
      extraBody,
    };
    const [one, other] = await Promise.all([there.chat.complete(request), there.chat.complete(request)]);
    expect(one.choices).toEqual(other.choices);
  });

  test("ends for length, and for a stop string", async () => {
    const request = { messages: user("What is the capital of France?"), temperature: 0, extraBody };
    expect((await there.chat.complete({ ...request, maxTokens: 2 })).choices[0].finishReason).toBe("length");
    expect((await there.chat.complete({ ...request, stop: " Paris" })).choices[0]).toMatchObject({
      message: { content: expect.stringContaining("The capital of France is") },
      finishReason: "stop",
    });
  });

  test("calls a tool, and answers with what it gave", async () => {
    const messages = user("What is the weather in Paris?");
    const request = { tools: [weather], temperature: 0, maxTokens: 60, extraBody };
    const { choices } = await there.chat.complete({ ...request, messages });
    const [{ message, finishReason }] = choices;
    expect(finishReason).toBe("tool_calls");
    const [call] = message.toolCalls ?? [];
    expect(JSON.parse(call?.function.arguments ?? "")).toEqual({ city: "Paris" });
    const answer = await there.chat.complete({
      ...request,
      messages: [
        ...messages,
        message,
        { role: "tool", toolCallId: call?.id ?? "", content: '{"temperature": 21, "sky": "clear"}' },
      ],
    });
    expect(answer.choices[0].message.content).toContain("21");
  });

  test("keeps to a regex, which is its own field", async () => {
    const { choices } = await there.chat.complete({
      messages: user("Say a number."),
      responseFormat: { type: "regex", regex: "[0-9]{3}" },
      temperature: 0,
      maxTokens: 20,
      extraBody,
    });
    expect(choices[0].message.content).toMatch(/^\d{3}$/);
  });

  test("is left in the middle, and answers the next", async () => {
    const long = { messages: user("Write a long story."), maxTokens: 1500, temperature: 1, extraBody };
    for await (const response of there.chat.stream(long)) if (response.kind === "chunk") break;
    const controller = new AbortController();
    const responses = [];
    for await (const response of there.chat.stream(long, { signal: controller.signal })) {
      responses.push(response);
      controller.abort();
    }
    expect(terminalOf(responses)).toMatchObject({ kind: "cancelled", reason: "signal" });
    const next = await there.chat.complete({
      messages: user("What is the capital of Italy?"),
      temperature: 0,
      maxTokens: 20,
      extraBody,
    });
    expect(next.choices[0].message.content).toContain("Rome");
  });

  test("refuses what it does not take, typed and with its own words", async () => {
    const messages = user("Hi");
    await expect(there.chat.complete({ messages, extraBody: { temperature: "hot" } })).rejects.toMatchObject({
      code: "invalid_request",
      info: { status: 422, upstream: { message: expect.stringContaining("temperature") } },
    });
    const other = Model.connect({ provider: "mistralrs", model: "none", baseURL: server.url, maxRetries: 0 });
    await expect(other.chat.complete({ messages })).rejects.toMatchObject({
      code: "http_error",
      info: { status: 500, upstream: { message: expect.stringContaining("not available") } },
    });
    await expect(there.embeddings.create({ inputs: "Hi" })).rejects.toMatchObject({
      info: { upstream: { message: expect.stringContaining("incompatible") } },
    });
    const long = there.chat.complete({ messages: user("Tell me of the sea. ".repeat(800)), extraBody });
    await expect(long).rejects.toMatchObject({
      code: "engine_failed",
      info: { upstream: { message: expect.stringContaining("greater than 2048") } },
    });
  });
});
