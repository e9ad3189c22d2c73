// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/expect-expect -- functions beside the tests assert.

// Each limit of a request at its last value and one beyond, and what the engine alone can refuse, beside a neighbour whose bytes must
// not change.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { contentOf } from "./support/chat-chunks.ts";
import { Neighbourhood } from "./support/neighbourhood.ts";
import { capital, story } from "./support/questions.ts";
import { testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];
let street: Neighbourhood;

beforeAll(async () => {
  street = await Neighbourhood.load();
});
afterAll(() => street[Symbol.asyncDispose]());

const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));
const tool = (name: string) => ({ type: "function", function: { name } });

describe("limits, at the last value and one beyond", () => {
  const biases = (count: number) => Object.fromEntries(many(count, (token) => [token, 1]));
  test.each<[string, string, string, object, object]>([
    ["stop strings", chat, "stop", { stop: many(16, String) }, { stop: many(17, String) }],
    ["bytes of one", chat, "stop", { stop: ["é".repeat(128)] }, { stop: [`${"é".repeat(128)}e`] }],
    [
      "tools",
      chat,
      "tools",
      { tools: many(128, (index) => tool(`t${index}`)), tool_choice: "none" },
      { tools: many(129, (index) => tool(`t${index}`)) },
    ],
    [
      "letters of a tool's name",
      chat,
      "tools[0].function",
      { tools: [tool("n".repeat(64))], tool_choice: "none" },
      { tools: [tool("n".repeat(65))] },
    ],
    ["biases", chat, "logit_bias", { logit_bias: biases(1024) }, { logit_bias: biases(1025) }],
    ["other tokens", chat, "top_logprobs", { logprobs: true, top_logprobs: 20 }, { logprobs: true, top_logprobs: 21 }],
    ["a bias", chat, "logit_bias", { logit_bias: { 5: -100, 6: 100 } }, { logit_bias: { 5: 101 } }],
    ["choices", chat, "n", { n: 8 }, { n: 9 }],
    [
      "other tokens of a text",
      "/v1/completions",
      "logprobs",
      { prompt: "a", logprobs: 20 },
      { prompt: "a", logprobs: 21 },
    ],
    ["prompts", "/v1/completions", "prompt", { prompt: many(32, String) }, { prompt: many(33, String) }],
  ])("%s", async (_, address, param, last, beyond) => {
    const body = { ...(address !== "/v1/completions" && { messages }), max_tokens: 1 };
    await street.takes(address, { ...body, ...last });
    await street.refuses(address, { ...body, ...beyond }, param);
  });

  test("texts to embed", async () => {
    const embedding = scriptedModel({ replies: [], embeddings: () => [1] });
    const embedder = testServer(embedding);
    expect(await embedder.post("/v1/embeddings", { input: many(2048, String) })).toMatchObject({ status: 200 });
    const refusal = { status: 400, json: { error: { param: "input" } } };
    expect(await embedder.post("/v1/embeddings", { input: many(2049, String) })).toMatchObject(refusal);
  });

  test("messages reach the model, all 4,096 of them", async () => {
    const scripted = scriptedModel({ replies: ["Yes."] });
    const body = {
      messages: many(4096, (index) => ({ role: index % 2 === 0 ? "user" : "assistant", content: `${index}` })),
    };
    expect(await testServer(scripted).post(chat, { ...body, messages: body.messages.slice(0, 4095) })).toMatchObject({
      status: 200,
    });
    expect(await testServer(scripted).post(chat, body)).toMatchObject({ status: 200 });
    expect(scripted.calls[1]?.request).toMatchObject({ messages: { length: 4096 } });
    await street.refuses(chat, { messages: [...body.messages, messages[0]] }, "messages");
  });

  test("as Anthropic has them", async () => {
    const body = { messages, max_tokens: 1 };
    for (const beyond of [
      { stop_sequences: many(17, String) },
      { stop_sequences: ["x".repeat(257)] },
      { stop_sequences: [""] },
    ]) {
      const answer = await street.ask("/v1/messages", { ...body, ...beyond });
      expect(answer.json).toMatchObject({ error: { message: expect.stringContaining("stop_sequences") } });
      expect(answer.status).toBe(400);
    }
    await street.takes("/v1/messages", { ...body, stop_sequences: ["x".repeat(256)] });
  });
});

describe("what only the engine knows", () => {
  test("a prompt that is longer than the context is refused with both numbers, before any step", async () => {
    const long = { messages: [{ role: "user", content: "word ".repeat(5000) }] };
    street.model.trace();
    const answer = await street.server.post(chat, long);
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "context_overflow" } } });
    expect(answer.text).toContain("2048");
    expect(street.model.trace().filter(({ promptRows }) => promptRows > 0)).toEqual([]);
    for (const [address, body] of [
      ["/v1/completions", { prompt: "word ".repeat(5000) }],
      ["/v1/responses", { input: "word ".repeat(5000) }],
      ["/v1/messages", { ...long, max_tokens: 5 }],
    ] as const) {
      for (const stream of [false, true])
        expect(await street.server.post(address, { ...body, stream })).toMatchObject({ status: 400 });
    }
  });

  test("a temperature of almost nothing is greedy; a seed of 0 is one", async () => {
    const greedy = contentOf((await street.server.post(chat, capital)).text);
    expect(contentOf((await street.server.post(chat, { ...capital, temperature: 1e-8 })).text)).toBe(greedy);
    await street.takes(chat, { ...story, seed: 0 });
  });

  test("the two names of a seed mean one thing", async () => {
    const { seed, ...rest } = story;
    expect(contentOf((await street.server.post(chat, { ...rest, random_seed: seed })).text)).toBe(street.story);
    expect(contentOf((await street.server.post(chat, { ...rest, seed: seed + 1 })).text)).not.toBe(street.story);
  });

  test("more tokens than the context has end with it", async () => {
    const answer = await street.server.post(chat, { ...story, max_tokens: 1e12 });
    expect(answer.json).toMatchObject({ choices: [{ finish_reason: "length" }], usage: { total_tokens: 2048 } });
  });

  test("the newer name of max_tokens wins", async () => {
    const answer = await street.server.post(chat, { ...story, max_tokens: 50, max_completion_tokens: 3 });
    expect(answer.json).toMatchObject({ usage: { completion_tokens: 3 } });
  });

  test("half a character in a prompt is replaced, and counted", async () => {
    const answer = await street.server.post(
      chat,
      JSON.stringify({ ...capital, messages: [{ role: "user", content: "A\ud83dB" }] }),
    );
    expect(answer.status).toBe(200);
  });
});
