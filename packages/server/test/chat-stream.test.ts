// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Chats as chunks, in the one shape that the libraries of OpenAI and Mistral and the AI SDK all read.

import { demoModel } from "@wick/demo-model";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { contentOf } from "./support/chat-chunks.ts";
import { capital, capitalAnswer, story } from "./support/questions.ts";
import { chunksOf } from "./support/server-events.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const body = { messages: [{ role: "user", content: "Hi" }] };
let model: Model;
let server: TestServer;

beforeAll(async () => {
  model = await Model.load(demoModel());
  server = testServer(model);
});
afterAll(() => model.close());

const scripted = (reply: ScriptedReply) => testServer(scriptedModel({ replies: [reply] }));

async function stream(
  of: TestServer,
  question: object,
  headers?: Record<string, string>,
): Promise<ChatCompletionChunk[]> {
  const answer = await of.post(chat, { ...question, stream: true }, headers);
  expect(answer.status, answer.text).toBe(200);
  // No event has a name.
  expect(answer.events.every((event) => event.kind === "event" && event.name === undefined)).toBe(true);
  return chunksOf<ChatCompletionChunk>(answer.events);
}

const whole = async (of: TestServer, question: object, headers?: Record<string, string>) =>
  (await of.post(chat, question, headers)).json as ChatCompletion;

describe("chunks", () => {
  test("have each all that clients want of one", async () => {
    const chunks = await stream(server, capital);
    expect(chunks.length).toBeGreaterThan(5);
    const [first] = chunks;
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: first?.id,
        object: "chat.completion.chunk",
        created: first?.created,
        model: "demo",
      });
      expect(chunk.choices).toEqual([
        {
          index: 0,
          delta: expect.any(Object),
          finish_reason: expect.toSatisfy((it) => it === null || it === "stop"),
          logprobs: null,
        },
      ]);
      expect(Object.values(chunk)).not.toContain(null);
    }
    expect(first?.id).toMatch(/^chatcmpl-/);
    expect(Number.isInteger(first?.created)).toBe(true);
    expect(first?.choices[0]?.delta).toMatchObject({ role: "assistant", content: expect.any(String) });
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined)).toHaveLength(1);
  });

  test("end with the reason and the usage in one, and [DONE]", async () => {
    const chunks = await stream(server, capital);
    expect(chunks.filter(({ choices }) => choices[0]?.finish_reason !== null)).toEqual([chunks.at(-1)]);
    expect(chunks.filter((chunk) => "usage" in chunk)).toEqual([chunks.at(-1)]);
    expect(chunks.at(-1)).toMatchObject({
      choices: [{ finish_reason: "stop" }],
      usage: { prompt_tokens: 16, completion_tokens: 10, total_tokens: 26 },
    });
  });

  test("end with one more, without a choice, where the usage is asked for", async () => {
    const chunks = await stream(server, { ...capital, stream_options: { include_usage: true } });
    expect(chunks.at(-1)).toMatchObject({ object: "chat.completion.chunk", choices: [], usage: { total_tokens: 26 } });
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: "stop" }], usage: { total_tokens: 26 } });
    expect(await stream(server, { ...capital, stream_options: { include_usage: false } })).toHaveLength(
      chunks.length - 1,
    );
  });

  test("say together what the whole answer says", async () => {
    for (const question of [capital, story, { ...story, temperature: 0.7, top_p: 0.9, seed: 9 }]) {
      const chunks = await stream(server, question);
      const completion = await whole(server, question);
      expect(contentOf(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n`).join(""))).toBe(
        completion.choices[0]?.message.content,
      );
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(completion.choices[0]?.finish_reason);
      expect(chunks.at(-1)?.usage?.total_tokens).toBe(completion.usage?.total_tokens);
    }
  });

  test("of an answer that is empty are one, with a role, a reason and the usage", async () => {
    const chunks = await stream(scripted({ text: "" }), body);
    expect(chunks).toMatchObject([
      { choices: [{ delta: { role: "assistant", content: "" }, finish_reason: "stop" }], usage: {} },
    ]);
  });

  test("have what ends an answer in OpenAI's words", async () => {
    expect((await stream(server, { ...story, max_tokens: 3 })).at(-1)?.choices[0]?.finish_reason).toBe("length");
    for (const finishReason of ["stop", "length", "content_filter"] as const) {
      expect((await stream(scripted({ text: "A", finishReason }), body)).at(-1)?.choices[0]?.finish_reason).toBe(
        finishReason,
      );
    }
  });

  test("keep to stop strings: nothing of one is ever sent", async () => {
    for (const stop of [" Paris", ["France", "Paris"], ["is Par"], ["never said"]]) {
      const chunks = await stream(server, { ...capital, stop });
      const said = contentOf(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n`).join(""));
      const places = [stop]
        .flat()
        .map((text) => capitalAnswer.indexOf(text))
        .filter((at) => at >= 0);
      expect(said).toBe(capitalAnswer.slice(0, Math.min(...places, capitalAnswer.length)));
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
      expect((await whole(server, { ...capital, stop })).choices[0]?.message.content).toBe(said);
    }
  });

  test("have whole characters, whatever tokens are cut into", async () => {
    const text = ["Grüße ", "€ ", "😀👩‍👩‍👧 ", "안녕", "\u2028"];
    const chunks = await stream(scripted({ text }), body);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual(text);
  });
});

describe("several choices", () => {
  test("come by their index, each with its own role and reason; the last of all has the usage", async () => {
    const question = { ...story, n: 3, max_tokens: 60 };
    const chunks = await stream(server, question);
    const completion = await whole(server, question);
    expect(completion.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const { index, message } of completion.choices) {
      const own = chunks.flatMap(({ choices }) => choices.filter((choice) => choice.index === index));
      expect(own.map(({ delta }) => delta.content ?? "").join("")).toBe(message.content);
      expect(own[0]?.delta.role).toBe("assistant");
      expect(own.filter(({ finish_reason: reason }) => reason !== null)).toHaveLength(1);
      expect(own.at(-1)?.finish_reason).toBe("length");
    }
    expect(chunks.filter((chunk) => "usage" in chunk)).toEqual([chunks.at(-1)]);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(180);
    expect(new Set(completion.choices.map(({ message }) => message.content)).size).toBe(3);
  });
});

describe("log probabilities", () => {
  test("are of each token, with its bytes and so many others, streamed as whole", async () => {
    const question = { ...capital, logprobs: true, top_logprobs: 2 };
    const completion = await whole(server, question);
    const tokens = completion.choices[0]?.logprobs?.content ?? [];
    expect(tokens.map(({ token }) => token).join("")).toContain(capitalAnswer);
    for (const { token, logprob, bytes, top_logprobs: top } of tokens) {
      expect(logprob).toBeLessThanOrEqual(0);
      if (!token.includes("\ufffd")) expect(bytes).toEqual([...Buffer.from(token)]);
      expect(top).toHaveLength(2);
      // At temperature 0 the likeliest is the one.
      expect(top[0]).toMatchObject({ token, logprob });
      expect(top[1]?.logprob).toBeLessThanOrEqual(top[0]?.logprob ?? 0);
    }
    const streamed = (await stream(server, question)).flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []);
    expect(streamed).toEqual(tokens);
  });

  test("without others have an empty list of them, and null where they are not asked for", async () => {
    const [choice] = (await whole(server, { ...capital, logprobs: true })).choices;
    expect(choice?.logprobs?.content?.[0]?.top_logprobs).toEqual([]);
    expect((await whole(server, { ...capital, logprobs: false })).choices[0]?.logprobs).toBeNull();
  });
});
