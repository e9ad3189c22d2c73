// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.

// Raw texts: of one prompt and of several, with a hole, repeated, and how likely they were.

import { demoModel } from "@wick/demo-model";
import type { Completion } from "openai/resources";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { scriptedModel } from "wick/testing";
import { eventually } from "../../../test/conformance/chunks.ts";
import { chunksOf } from "./support/server-events.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const address = "/v1/completions";
const question = { prompt: "Once upon a time", temperature: 0, max_tokens: 12, ignore_eos: true };
let model: Model;
let server: TestServer;

beforeAll(async () => {
  model = await Model.load(demoModel());
  server = testServer(model);
});
afterAll(() => model.close());

async function whole(body: object): Promise<Completion> {
  const answer = await server.post(address, body);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Completion;
}

async function stream(body: object): Promise<Completion[]> {
  const answer = await server.post(address, { ...body, stream: true });
  expect(answer.status, answer.text).toBe(200);
  return chunksOf<Completion>(answer.events);
}

const textOf = (chunks: readonly Completion[], index = 0) =>
  chunks.flatMap(({ choices }) => choices.filter((choice) => choice.index === index).map(({ text }) => text)).join("");

describe("a text", () => {
  test("is what the library says", async () => {
    const expected = await model.completions.complete({
      prompt: question.prompt,
      temperature: 0,
      maxTokens: 12,
      ignoreEos: true,
    });
    expect(await whole(question)).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: "text_completion",
      model: "demo",
      choices: [{ index: 0, text: expected.choices[0].text, finish_reason: "length", logprobs: null }],
      usage: { completion_tokens: 12 },
    });
  });

  test("is streamed in chunks of one shape, whose last has the reason and the usage", async () => {
    const chunks = await stream(question);
    const [first] = chunks;
    expect(textOf(chunks)).toBe((await whole(question)).choices[0]?.text);
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({ id: first?.id, object: "text_completion", created: first?.created, model: "demo" });
      expect(Object.values(chunk)).not.toContain(null);
    }
    expect(chunks.filter((chunk) => "usage" in chunk)).toEqual([chunks.at(-1)]);
    expect(chunks.filter(({ choices }) => choices[0]?.finish_reason !== null)).toEqual([chunks.at(-1)]);
    const more = await stream({ ...question, stream_options: { include_usage: true } });
    expect(more.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
  });

  test("goes on from token ids as from their text", async () => {
    const tokens = await model.tokenize(question.prompt);
    expect((await whole({ ...question, prompt: tokens })).choices[0]?.text).toBe(
      (await whole(question)).choices[0]?.text,
    );
  });

  test("is repeated where that is asked for", async () => {
    const { text } = (await whole(question)).choices[0] ?? {};
    const echoed = { ...question, echo: true };
    expect((await whole(echoed)).choices[0]?.text).toBe(`${question.prompt}${text}`);
    expect(textOf(await stream(echoed))).toBe(`${question.prompt}${text}`);
    const refused = { status: 400, json: { error: { param: "echo", code: "unsupported" } } };
    expect(await server.post(address, { ...echoed, logprobs: 1 })).toMatchObject(refused);
  });

  test("ends before a stop string", async () => {
    const { text = "" } = (await whole(question)).choices[0] ?? {};
    const stop = text.slice(6, 10);
    const stopped = { ...question, stop };
    expect((await whole(stopped)).choices).toMatchObject([
      { text: text.slice(0, text.indexOf(stop)), finish_reason: "stop" },
    ]);
    expect(textOf(await stream(stopped))).toBe(text.slice(0, text.indexOf(stop)));
  });
});

describe("several prompts", () => {
  const prompts = ["Once upon a time", "The sky is", "One, two,"];

  test("have each its own choices, one prompt's behind the other's", async () => {
    const alone = await Promise.all(prompts.map((prompt) => whole({ ...question, prompt })));
    const together = await whole({ ...question, prompt: prompts });
    expect(together.choices.map(({ index, text }) => [index, text])).toEqual(
      alone.map(({ choices }, index) => [index, choices[0]?.text]),
    );
    const sum = (name: "prompt_tokens" | "completion_tokens" | "total_tokens") =>
      alone.reduce((total, { usage }) => total + (usage?.[name] ?? 0), 0);
    expect(together.usage).toMatchObject({
      prompt_tokens: sum("prompt_tokens"),
      completion_tokens: sum("completion_tokens"),
      total_tokens: sum("total_tokens"),
    });
  });

  test("as token ids, and with several choices each", async () => {
    const ids = await Promise.all(prompts.map((prompt) => model.tokenize(prompt)));
    const sampled = { ...question, temperature: 1, seed: 5, n: 2 };
    const together = await whole({ ...sampled, prompt: ids });
    expect(together.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    const second = await whole({ ...sampled, prompt: prompts[1] });
    expect(together.choices.slice(2, 4).map(({ text }) => text)).toEqual(second.choices.map(({ text }) => text));
  });

  test("with several choices each are streamed by the same indices", async () => {
    const sampled = { ...question, prompt: prompts, temperature: 1, seed: 5, n: 2 };
    const chunks = await stream(sampled);
    const { choices } = await whole(sampled);
    expect(choices.map(({ index }) => textOf(chunks, index))).toEqual(choices.map(({ text }) => text));
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(72);
  });

  test("are streamed at once under one id, and end with one usage", async () => {
    const chunks = await stream({ ...question, prompt: prompts });
    const together = await whole({ ...question, prompt: prompts });
    for (const { index, text } of together.choices) expect(textOf(chunks, index)).toBe(text);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.filter((chunk) => "usage" in chunk)).toEqual([chunks.at(-1)]);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(36);
    const reasons = chunks.flatMap(({ choices }) => choices.filter(({ finish_reason: reason }) => reason !== null));
    expect(reasons.map(({ index }) => index).toSorted()).toEqual([0, 1, 2]);
  });

  test("of which one is wrong are refused as one", async () => {
    const answer = await server.post(address, { ...question, prompt: [[1], [4096]] });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "invalid_request" } } });
    await eventually(() => model.stats().running + model.stats().queued === 0);
  });
});

describe("log probabilities", () => {
  test("are of each token, with so many others, and where each stands in the text", async () => {
    const { choices } = await whole({ ...question, logprobs: 2 });
    const { text = "", logprobs } = choices[0] ?? {};
    const { tokens = [], token_logprobs: own = [], top_logprobs: top = [], text_offset: offsets = [] } = logprobs ?? {};
    expect(tokens.join("")).toBe(text);
    expect(own).toHaveLength(tokens.length);
    for (const [at, token] of tokens.entries()) {
      expect(text.slice(offsets[at], (offsets[at] ?? 0) + token.length)).toBe(token);
      expect(Object.keys(top[at] ?? {}).length).toBeGreaterThan(0);
      // At temperature 0 the likeliest is the one.
      expect(top[at]?.[token]).toBe(own[at]);
    }
  });

  test("are streamed with the same offsets, choice by choice", async () => {
    const body = { ...question, prompt: ["Once", "The sky is"], logprobs: 0 };
    const { choices } = await whole(body);
    const chunks = await stream(body);
    for (const { index, text, logprobs } of choices) {
      const parts = chunks.flatMap((chunk) =>
        chunk.choices.filter((choice) => choice.index === index).map((choice) => choice.logprobs),
      );
      for (const name of ["tokens", "token_logprobs", "text_offset"] as const) {
        expect(parts.flatMap((part): (string | number)[] => part?.[name] ?? [])).toEqual(logprobs?.[name]);
      }
      // Tokens that are not in the text, those that would end it, take up no place in it.
      const offsets = logprobs?.text_offset ?? [];
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      expect(offsets.at(-1)).toBeLessThanOrEqual(text.length);
    }
  });

  test("by our own two fields", async () => {
    const ours = await whole({ ...question, logprobs: true, top_logprobs: 2 });
    expect(ours.choices).toEqual((await whole({ ...question, logprobs: 2 })).choices);
    expect((await whole({ ...question, logprobs: false })).choices[0]?.logprobs).toBeNull();
  });
});

describe("a hole", () => {
  const code = { prompt: "def add(a, b):\n  return ", suffix: "\n\nprint(add(1, 2))", temperature: 0, max_tokens: 8 };

  test("is filled, as a text by OpenAI's call and as a chat by Mistral's", async () => {
    const expected = (
      await model.fim.complete({ prompt: code.prompt, suffix: code.suffix, temperature: 0, maxTokens: 8 })
    ).choices[0].text;
    expect(await whole(code)).toMatchObject({ object: "text_completion", choices: [{ text: expected }] });
    const mistral = await server.post("/v1/fim/completions", code);
    expect(mistral.json).toMatchObject({
      object: "chat.completion",
      model: "demo",
      choices: [{ index: 0, message: { role: "assistant", content: expected }, finish_reason: expect.any(String) }],
      usage: { total_tokens: expect.any(Number) },
    });
  });

  test("is filled piece by piece", async () => {
    const { choices } = await whole(code);
    expect(textOf(await stream(code))).toBe(choices[0]?.text);
    const { events } = await server.post("/v1/fim/completions", { ...code, stream: true });
    const chunks = chunksOf<{
      object: string;
      choices: { delta: { role?: string; content: string } }[];
      usage?: object;
    }>(events);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content).join("")).toBe(choices[0]?.text);
    expect(chunks[0]).toMatchObject({ object: "chat.completion.chunk", choices: [{ delta: { role: "assistant" } }] });
    expect(chunks.at(-1)).toMatchObject({ usage: { completion_tokens: expect.any(Number) } });
  });

  test("at the end needs no suffix, and a model that fills none says so", async () => {
    const scripted = scriptedModel({ replies: ["c"] });
    await testServer(scripted).post("/v1/fim/completions", { prompt: "ab" });
    await testServer(scripted).post(address, { prompt: "ab", suffix: "" });
    await testServer(scripted).post(address, { prompt: "ab", suffix: null });
    expect(scripted.calls.map(({ kind, request }) => [kind, request])).toEqual([
      ["fim", { prompt: "ab" }],
      ["fim", { prompt: "ab", suffix: "" }],
      ["completion", { prompt: "ab" }],
    ]);
  });
});
