// Models that break, in all the forms in which they are asked: what was said stays, the code is told, everything else goes on.

import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { demoModel } from "@wick/demo-model";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { loadFaulty } from "../../../test/conformance/faulty-model.ts";
import { contentOf } from "./support/chat-chunks.ts";
import { story } from "./support/questions.ts";
import { listeningServer } from "./support/running-server.ts";
import { chunksOf, dataOf } from "./support/server-events.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const body = { messages: [{ role: "user", content: "Hi" }] };
const long = { ...story, max_tokens: 300 };

test("an engine that breaks in the middle of streams ends them with its code, and no other model", async () => {
  const { model: broken, inject } = await loadFaulty();
  const fine = await Model.load(demoModel());
  await using server = await listeningServer({ broken, fine });
  const expected = contentOf((await server.post(chat, { ...long, model: "fine" })).text);
  const neighbour = server.post(chat, { ...long, model: "fine", stream: true });
  await inject("step_panic", 40);
  const [streamed, whole] = await Promise.all([
    server.post(chat, { ...long, model: "broken", stream: true }),
    server.post(chat, { ...long, model: "broken" }),
  ]);
  expect(streamed.status).toBe(200);
  const chunks = chunksOf<object>(streamed.events);
  const failed = {
    error: { code: "engine_failed", type: "server_error" },
    choices: [{ delta: {}, finish_reason: "error" }],
  };
  expect(chunks.at(-1)).toMatchObject(failed);
  expect(chunks.slice(0, -1).every((chunk) => !("error" in chunk))).toBe(true);
  const said = contentOf(streamed.text);
  expect(said.length).toBeGreaterThan(5);
  expect(expected.startsWith(said)).toBe(true);
  expect(whole).toMatchObject({ status: 503, json: { error: { code: "engine_failed" } } });
  const { partial } = whole.json as { partial: { choices: [{ message: { content: string } }] } };
  expect(partial.choices[0].message.content.length).toBeGreaterThan(0);
  expect(expected.startsWith(partial.choices[0].message.content)).toBe(true);

  expect(await server.get("/health")).toMatchObject({
    status: 503,
    json: { status: "failed", models: { broken: "failed", fine: "ok" } },
  });
  for (const stream of [false, true]) {
    const next = await server.post(chat, { ...body, model: "broken", stream });
    expect(next).toMatchObject({ status: 503, json: { error: { code: "engine_failed" } } });
  }
  expect(contentOf((await neighbour).text)).toBe(expected);
  expect(await server.get("/v1/models")).toMatchObject({ status: 200 });
  const entries = server.entries().filter(({ errorCode }) => errorCode === "engine_failed");
  expect(entries.map(({ status }) => status).toSorted()).toEqual([200, 503, 503, 503]);
  expect(entries[0]).toMatchObject({ end: "internal_error", usage: { completionTokens: expect.any(Number) } });
  await Promise.all([fine.close(), broken.close()]);
});

test("a sequence that breaks ends its own stream alone: the model goes on", async () => {
  const { model, inject } = await loadFaulty();
  const server = testServer(model);
  const expected = contentOf((await server.post(chat, long)).text);
  await inject("nan_logit", 17);
  const streamed = await server.post(chat, { ...long, stream: true });
  expect(chunksOf(streamed.events).at(-1)).toMatchObject({ error: { code: "numeric_error" } });
  expect(expected.startsWith(contentOf(streamed.text))).toBe(true);
  expect(await server.get("/health")).toMatchObject({ status: 200 });
  expect(contentOf((await server.post(chat, long)).text)).toBe(expected);
  await inject("nan_logit", 17);
  const whole = await server.post(chat, long);
  expect(whole).toMatchObject({
    status: 500,
    json: { error: { code: "numeric_error" }, partial: { usage: { completion_tokens: 16 } } },
  });
  await model.close();
});

describe("a model that fails behind two pieces of text", () => {
  const end = { kind: "model_error", after: 2, error: { code: "numeric_error", message: "Not a number." } } as const;
  const reply: ScriptedReply = { text: ["One ", "two ", "three."], end };
  const server = (more: ScriptedReply = {}): TestServer =>
    testServer(scriptedModel({ replies: [{ ...reply, ...more }] }));

  test("in a chat: its text, one chunk that is both kinds of error, [DONE]", async () => {
    const { status, events, text } = await server().post(chat, {
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(status).toBe(200);
    expect(contentOf(text)).toBe("One two ");
    const error = { message: "Not a number.", type: "server_error", param: null, code: "numeric_error" };
    expect(chunksOf(events).at(-1)).toEqual({
      id: "scripted-1",
      object: "chat.completion.chunk",
      created: expect.any(Number),
      model: "demo",
      choices: [{ index: 0, delta: {}, finish_reason: "error", logprobs: null }],
      error,
    });
    // A name would hide it from OpenAI's clients.
    expect(events.every((event) => event.kind === "event" && event.name === undefined)).toBe(true);
  });

  test("in a chat that is not streamed: 500 with what was said", async () => {
    const answer = await server().post(chat, body);
    expect(answer).toMatchObject({
      status: 500,
      json: {
        error: { code: "numeric_error", message: "Not a number." },
        partial: {
          choices: [{ message: { content: "One two " }, finish_reason: "error" }],
          usage: { completion_tokens: 2 },
        },
      },
    });
    expect(answer.headers.get("x-should-retry")).toBe("false");
  });

  test("in a raw text, and in one with a hole", async () => {
    for (const [address, question] of [
      ["/v1/completions", { prompt: "a" }],
      ["/v1/fim/completions", { prompt: "a", suffix: "b" }],
    ] as const) {
      const { events } = await server().post(address, { ...question, stream: true });
      expect(chunksOf(events).at(-1)).toMatchObject({
        error: { code: "numeric_error" },
        choices: [{ finish_reason: "error" }],
      });
      const whole = await server().post(address, question);
      expect(whole).toMatchObject({ status: 500, json: { error: { code: "numeric_error" } } });
      expect(whole.text).toContain("One two ");
    }
  });

  test("in one of several texts: the others end with it", async () => {
    const model = scriptedModel({ replies: [{ text: "a", end: { kind: "hang", after: 0 } }, reply] });
    const { events } = await testServer(model).post("/v1/completions", { prompt: ["a", "b"], stream: true });
    expect(chunksOf(events).at(-1)).toMatchObject({ error: { code: "numeric_error" } });
    expect(model.stats().running).toBe(0);
  });

  test("as Anthropic has it: its blocks are closed, then an error, and no message_stop", async () => {
    const { events } = await server().post("/v1/messages", { ...body, max_tokens: 9, stream: true });
    const names = events.map((event) => (event.kind === "event" ? event.name : "comment"));
    expect(names).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "error",
    ]);
    expect(dataOf(events).at(-1)).toMatchObject({
      type: "error",
      error: { type: "api_error", message: "Not a number." },
    });
    const whole = await server().post("/v1/messages", { ...body, max_tokens: 9 });
    expect(whole).toMatchObject({ status: 500, json: { type: "error", partial: { content: [{ text: "One two " }] } } });
  });

  test("as a response: response.failed, with what was said, and the same when it is retrieved", async () => {
    const failing = server();
    const { events } = await failing.post("/v1/responses", { input: "Hi", stream: true });
    const failed = dataOf<{ type: string; response: { id: string } }>(events).at(-1);
    const output = [{ type: "message", status: "incomplete", content: [{ text: "One two " }] }];
    expect(failed).toMatchObject({
      type: "response.failed",
      response: { status: "failed", output, error: { message: expect.stringContaining("Not a number.") } },
    });
    const id = failed !== undefined && failed !== "[DONE]" ? failed.response.id : "";
    expect(await failing.get(`/v1/responses/${id}`)).toMatchObject({
      status: 200,
      json: { id, status: "failed", output },
    });
    const whole = await failing.post("/v1/responses", { input: "Hi" });
    expect(whole).toMatchObject({
      status: 500,
      json: { error: { code: "numeric_error" }, partial: { status: "failed", output } },
    });
  });

  test("after its last piece, which waits for the usage: it is not lost", async () => {
    const { text, events } = await server({ end: { ...end, after: 3 } }).post(chat, { ...body, stream: true });
    expect(contentOf(text)).toBe("One two three.");
    expect(chunksOf(events).at(-1)).toMatchObject({ error: { code: "numeric_error" } });
  });

  test("before its first piece: the status is its own, streamed or not", async () => {
    for (const stream of [false, true]) {
      const answer = await server({ end: { ...end, after: 0 } }).post(chat, { ...body, stream });
      expect(answer).toMatchObject({ status: 500, json: { error: { code: "numeric_error" } } });
    }
  });
});

describe("a bug", () => {
  const secret = "the canary of a prompt";
  const model = scriptedModel({ replies: ["Yes."] });
  const throwing = new Proxy(model, {
    get: (target, name) => {
      if (name !== "chat") return Reflect.get(target, name, target) as unknown;
      const stream = () => {
        throw new TypeError(`cannot read properties of ${secret}`);
      };
      return { stream };
    },
  });

  test("is 500 without its message; the log has it under the id of the request; the server goes on", async () => {
    const server = testServer({ throwing, fine: model });
    const answer = await server.post(chat, { ...body, model: "throwing" });
    expect(answer).toMatchObject({ status: 500, json: { error: { code: "internal", type: "server_error" } } });
    expect(answer.text).not.toContain(secret);
    expect(server.log.find(({ event }) => event === "request_failed")).toMatchObject({
      requestId: answer.headers.get("x-request-id"),
      route: chat,
      error: expect.any(TypeError),
    });
    expect(await server.post(chat, { ...body, model: "fine" })).toMatchObject({ status: 200 });
  });

  test("in a log line has its frames and its class, and not its message, which may quote a prompt", async () => {
    await using server = await listeningServer({ throwing });
    await server.post(chat, body);
    expect(server.entries().find(({ event }) => event === "request_failed")).toMatchObject({
      level: 50,
      error: "TypeError",
      frames: expect.arrayContaining([expect.stringContaining("engine-failure.test.ts")]),
    });
    expect(server.lines.join("")).not.toContain(secret);
  });
});
