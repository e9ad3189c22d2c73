// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.
// oxlint-disable vitest/expect-expect -- functions beside the tests assert.

// Wick's own form: what a program reads from the server is what the library would have given it.

import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, type CompletionResponse, Model, type WickResponse, readResponses } from "wick";
import { scriptedModel } from "wick/testing";
import { collect } from "../../../test/conformance/chunks.ts";
import { capital, weather } from "./support/questions.ts";
import { listeningServer } from "./support/running-server.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const accept = { accept: "application/vnd.wick.response+sse" };
let model: Model;
let server: TestServer;

beforeAll(async () => {
  model = await Model.load(demoModel());
  server = testServer(model);
});
afterAll(() => model.close());

/** What is the run's own, and what the clock says. */
const plain = (response: WickResponse): unknown =>
  JSON.parse(
    JSON.stringify(response, (name, value: unknown) =>
      ["id", "created", "timings", "cachedTokens", "model"].includes(name) ? undefined : value,
    ),
  );

async function read<R extends WickResponse>(
  address: string,
  body: object,
  headers?: Record<string, string>,
): Promise<R[]> {
  const response = await server.begin("POST", address, { body, ...(headers && { headers }) });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  return collect(readResponses<R>(response));
}

describe("a chat", () => {
  const messages = capital.messages as ChatRequest["messages"];
  const same: [string, object, ChatRequest][] = [
    ["plain", { messages, temperature: 0, max_tokens: 40 }, { messages, temperature: 0, maxTokens: 40 }],
    [
      "sampled",
      { messages, temperature: 1, seed: 7, max_tokens: 30 },
      { messages, temperature: 1, randomSeed: 7, maxTokens: 30 },
    ],
    [
      "with log probabilities",
      { messages, temperature: 0, logprobs: true, top_logprobs: 2 },
      { messages, temperature: 0, logprobs: true, topLogprobs: 2 },
    ],
    [
      "that thinks",
      { messages, temperature: 0, reasoning_effort: "high", max_tokens: 60 },
      { messages, temperature: 0, reasoning: { effort: "high" }, maxTokens: 60 },
    ],
    [
      "that calls a tool",
      { messages, temperature: 0, max_tokens: 80, tools: [weather], tool_choice: "required" },
      { messages, temperature: 0, maxTokens: 80, tools: [weather as never], toolChoice: "required" },
    ],
  ];

  test.each(same)(
    "%s is response by response what the library gives, by Accept and by the address",
    async (_, body, request) => {
      const expected = (await collect(model.chat.stream(request))).map((response) => plain(response));
      expect(expected.length).toBeGreaterThan(2);
      for (const responses of [
        await read(chat, body, accept),
        await read(`${chat}?format=wick`, body),
        await read(`${chat}?x=1&format=wick`, { ...body, stream: false }),
      ]) {
        expect(responses.map((response) => plain(response))).toEqual(expected);
      }
    },
  );

  test("of several choices is choice by choice: which of them comes first is nobody's promise", async () => {
    const request: ChatRequest = { messages, temperature: 1, randomSeed: 7, maxTokens: 30, n: 3 };
    const byChoice = (responses: readonly WickResponse[]) =>
      [0, 1, 2].map((index) =>
        responses.flatMap((response) =>
          response.kind === "chunk" ? response.choices.filter((choice) => choice.index === index) : [],
        ),
      );
    const responses = await read(chat, { messages, temperature: 1, seed: 7, max_tokens: 30, n: 3 }, accept);
    const expected = await collect(model.chat.stream(request));
    expect(byChoice(responses)).toEqual(byChoice(expected));
    expect(plain(responses.at(-1) as WickResponse)).toEqual(plain(expected.at(-1) as WickResponse));
  });

  test("is of the model by its name here", async () => {
    const responses = await read(chat, capital, accept);
    for (const response of responses) {
      if (response.kind === "chunk") expect(response.model).toBe("demo");
      if (response.kind === "done") expect(response.completion.model).toBe("demo");
    }
  });

  test("tells how far the prompt is, where that is asked for", async () => {
    const responses = await read(chat, { ...capital, prompt_progress: true }, accept);
    expect(responses[0]).toMatchObject({ kind: "prompt_progress", total: 16 });
    expect((await read(chat, capital, accept)).map(({ kind }) => kind)).not.toContain("prompt_progress");
    const openai = await server.post(chat, { ...capital, prompt_progress: true, stream: true });
    expect(openai.text).not.toContain("prompt_progress");
  });

  test("as other calls have it, too", async () => {
    const kinds = (responses: readonly WickResponse[]) => new Set(responses.map(({ kind }) => kind));
    expect(kinds(await read("/v1/messages", { messages, max_tokens: 9 }, accept))).toEqual(new Set(["chunk", "done"]));
    expect(kinds(await read("/v1/responses", { input: "Hi", max_output_tokens: 9 }, accept))).toEqual(
      new Set(["chunk", "done"]),
    );
  });
});

test("a raw text is what the library gives", async () => {
  const expected = await collect(model.completions.stream({ prompt: "Once", temperature: 0, maxTokens: 8 }));
  const responses = await read<CompletionResponse>(
    "/v1/completions",
    { prompt: "Once", temperature: 0, max_tokens: 8 },
    accept,
  );
  expect(responses.map((response) => plain(response))).toEqual(expected.map((response) => plain(response)));
  const fim = await read<CompletionResponse>(
    "/v1/fim/completions",
    { prompt: "a", suffix: "b", max_tokens: 4 },
    accept,
  );
  expect(fim.at(-1)?.kind).toBe("completion_done");
});

describe("an end that is none", () => {
  test("has its code and the answer so far, as in the library", async () => {
    const end = {
      kind: "model_error",
      after: 2,
      error: { code: "numeric_error", message: "Not a number.", details: { step: 2 } },
    } as const;
    const failing = testServer(scriptedModel({ replies: [{ text: ["a", "b", "c"], end }] }));
    const response = await failing.begin("POST", chat, { body: capital, headers: accept });
    const responses = await collect(readResponses(response));
    expect(responses.at(-1)).toMatchObject({
      kind: "model_error",
      error: { code: "numeric_error", message: "Not a number.", details: { step: 2 } },
      partial: { choices: [{ message: { content: "ab" } }] },
    });
  });

  test("before its first response is an answer of its own: the error as the library has it", async () => {
    for (const [body, status, code] of [
      [{ ...capital, temperature: -1 }, 400, "invalid_request"],
      [{ ...capital, model: "nope" }, 404, "not_found"],
      [{ messages: [{ role: "user", content: "word ".repeat(5000) }] }, 400, "context_overflow"],
    ] as const) {
      const answer = await server.post(chat, body, accept);
      expect(answer).toMatchObject({
        status,
        json: { error: { code, message: expect.any(String), retryable: false } },
      });
    }
    const full = testServer(
      scriptedModel({ replies: [{ end: { kind: "validation_error", error: { code: "queue_full" } } }] }),
    );
    const answer = await full.post(chat, capital, accept);
    expect(answer).toMatchObject({
      status: 429,
      json: { error: { code: "queue_full", retryable: true, retryAfterMs: expect.any(Number) } },
    });
  });

  test("of a server that ends is the server's, and not the reader's own", async () => {
    const hanging = testServer(scriptedModel({ replies: [{ text: ["a", "b"], end: { kind: "hang", after: 1 } }] }));
    const response = await hanging.begin("POST", chat, { body: capital, headers: accept });
    const reading = collect(readResponses(response));
    await hanging.server.drain({ graceMs: 0 });
    expect((await reading).at(-1)).toMatchObject({
      kind: "internal_error",
      error: { code: "engine_closed", retryable: true },
      partial: { choices: [{ message: { content: "a" } }] },
    });
  });
});

test("a model that is connected to the server is the model behind it", async () => {
  await using listening = await listeningServer(model);
  await using remote = Model.connect({ provider: "wick", baseURL: listening.running.url, model: "demo" });
  const request: ChatRequest = { messages: capital.messages as ChatRequest["messages"], temperature: 0, maxTokens: 40 };
  const expected = (await collect(model.chat.stream(request))).map((response) => plain(response));
  expect((await collect(remote.chat.stream(request))).map((response) => plain(response))).toEqual(expected);
  const [mine, theirs] = [
    await model.embeddings.create({ inputs: "red" }),
    await remote.embeddings.create({ inputs: "red" }),
  ];
  // The client brings vectors to length 1 once more.
  const apart = mine.data[0]?.embedding.map((value, at) => value - (theirs.data[0]?.embedding[at] ?? 0)) ?? [1];
  expect(Math.hypot(...apart)).toBeLessThan(1e-6);
  const text = { prompt: "Once", temperature: 0, maxTokens: 8 };
  expect((await remote.completions.complete(text)).choices).toEqual((await model.completions.complete(text)).choices);
});
