// A server that nobody here wrote, with the model that our own engine has beside it.

import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FunctionTool, Model } from "wick";
import { collect, terminalOf, textOf } from "../conformance/chunks.ts";
import { startLlamaCppPython } from "./llama-cpp-python.ts";
import type { PeerServer } from "./peer-server.ts";

const user = (content: string) => [{ role: "user" as const, content }];
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
  server = await startLlamaCppPython(demoModel());
  there = Model.connect({ provider: "openai", model: "demo", baseURL: server.url });
  here = await Model.load(demoModel());
});
afterAll(async () => {
  await here.close();
  await server.stop();
});

describe("llama-cpp-python's server", () => {
  test.each(["What is the capital of France?", "Which is bigger: 12 or 8?", "How does a battery work, in short?"])(
    "%s: says what our engine says, greedily",
    async (question) => {
      const request = { messages: user(question), temperature: 0, maxTokens: 40 };
      const responses = await collect(there.chat.stream(request));
      expect(responses.filter(({ kind }) => kind === "chunk").length).toBeGreaterThan(3);
      expect(terminalOf(responses).kind).toBe("done");
      expect(textOf(responses)).toBe((await here.chat.complete(request)).choices[0].message.content);
    },
  );

  test("two at once, of which none ends the other", async () => {
    const request = { messages: user("Write a short story about Mia the fox."), temperature: 0, maxTokens: 40 };
    const [one, other] = await Promise.all([there.chat.complete(request), there.chat.complete(request)]);
    expect(one.choices).toEqual(other.choices);
  });

  test("ends for length, and for a stop string", async () => {
    const request = { messages: user("What is the capital of France?"), temperature: 0 };
    expect((await there.chat.complete({ ...request, maxTokens: 2 })).choices[0].finishReason).toBe("length");
    expect((await there.chat.complete({ ...request, stop: " Paris" })).choices[0]).toMatchObject({
      message: { content: "The capital of France is" },
      finishReason: "stop",
    });
  });

  test("calls a tool", async () => {
    const { choices } = await there.chat.complete({
      messages: user("What is the weather in Paris?"),
      tools: [weather],
      toolChoice: { type: "function", function: { name: "get_weather" } },
      temperature: 0,
      maxTokens: 60,
    });
    const [{ message, finishReason }] = choices;
    expect(finishReason).toBe("tool_calls");
    expect(message.toolCalls).toMatchObject([{ type: "function", function: { name: "get_weather" } }]);
    expect(JSON.parse(message.toolCalls?.[0]?.function.arguments ?? "")).toEqual({ city: expect.any(String) });
  });

  test("goes on from raw text", async () => {
    const responses = await collect(
      there.completions.stream({ prompt: "Once upon a time", maxTokens: 12, temperature: 0 }),
    );
    const terminal = terminalOf(responses);
    expect(terminal).toMatchObject({ kind: "completion_done", completion: { choices: [{ text: textOf(responses) }] } });
    expect(textOf(responses).length).toBeGreaterThan(5);
  });

  test("is left in the middle, and answers the next", async () => {
    const long = { messages: user("Write a long story."), maxTokens: 1500, temperature: 1 };
    for await (const response of there.chat.stream(long)) if (response.kind === "chunk") break;
    const controller = new AbortController();
    const stream = there.chat.stream(long, { signal: controller.signal });
    const responses = [];
    for await (const response of stream) {
      responses.push(response);
      controller.abort();
    }
    expect(terminalOf(responses)).toMatchObject({ kind: "cancelled", reason: "signal" });
    const next = await there.chat.complete({
      messages: user("What is the capital of Italy?"),
      temperature: 0,
      maxTokens: 20,
    });
    expect(next.choices[0].message.content).toContain("Rome");
  });

  test("embeds as our engine does", async () => {
    const inputs = ["Mia the fox went home.", "The moon."];
    const [theirs, ours] = await Promise.all([there.embeddings.create({ inputs }), here.embeddings.create({ inputs })]);
    for (const [at, { embedding }] of theirs.data.entries()) {
      const dot = embedding.reduce(
        (sum, value, place) => sum + value * (ours.data[at]?.embedding[place] ?? Number.NaN),
        0,
      );
      // Both of length 1; its activations are rounded in other places.
      expect(dot).toBeGreaterThan(0.99);
    }
  });

  test("refuses what it does not take, typed and with its own words", async () => {
    const messages = user("Hi");
    const wrong = await there.chat.complete({ messages, extraBody: { temperature: "hot" } }).catch((error) => error);
    // It calls that its own fault, so that it is asked three times.
    const words = { message: expect.stringContaining("temperature"), type: "internal_server_error" };
    expect(wrong).toMatchObject({ code: "http_error", info: { status: 500, upstream: words } });
    // It has sent its headers when it finds that the prompt is too long, and then ends without a word.
    const long = await there.chat
      .complete({ messages: user("Tell me of the sea. ".repeat(800)) })
      .catch((error) => error);
    expect(long).toMatchObject({ code: "stream_truncated", partialText: "" });
  });
});
