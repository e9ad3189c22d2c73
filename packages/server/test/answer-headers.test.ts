// The headers of answers and streams, when they are sent, and what is sent while there is nothing to say.

import { describe, expect, test } from "vitest";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { RawConnection } from "./support/raw-connection.ts";
import { listeningServer } from "./support/running-server.ts";
import { eventsOf } from "./support/server-events.ts";
import { testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const body = { messages: [{ role: "user", content: "Hi" }] };
const streams: [string, object][] = [
  [chat, body],
  [`${chat}?format=wick`, body],
  ["/v1/completions", { prompt: "a" }],
  ["/v1/fim/completions", { prompt: "a" }],
  ["/v1/messages", { ...body, max_tokens: 9 }],
  ["/v1/responses", { input: "a" }],
];
const hang = (after: number): ScriptedReply => ({ text: ["One ", "two ", "three."], end: { kind: "hang", after } });

describe("a stream", () => {
  test.each(streams)(
    "of %s says its type, and that nobody is to store, compress or hold it back",
    async (address, question) => {
      const server = testServer(scriptedModel({ replies: ["Yes."] }));
      const { status, headers } = await server.post(address, { ...question, stream: true });
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
      expect(headers.get("cache-control")).toBe("no-cache, no-transform");
      expect(headers.get("x-accel-buffering")).toBe("no");
      expect(headers.get("content-encoding")).toBeNull();
      expect(headers.get("x-request-id")).toMatch(/^req-/);
    },
  );

  test("is chosen by the body alone: clients of OpenAI's accept JSON and read events", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }));
    const accept = { accept: "application/json", "accept-encoding": "gzip, br", "x-stainless-lang": "js", cookie: "" };
    expect((await server.post(chat, { ...body, stream: true }, accept)).headers.get("content-type")).toMatch(
      /^text\/event-stream/,
    );
    const events = { accept: "text/event-stream" };
    expect((await server.post(chat, body, events)).headers.get("content-type")).toBe("application/json");
    expect((await server.post(chat, { ...body, stream: false }, events)).headers.get("content-type")).toBe(
      "application/json",
    );
  });

  test.each(streams)(
    "of %s sends its headers before its first event, where that takes a while",
    async (address, question) => {
      const model = scriptedModel({ replies: [hang(0)] });
      await using server = await listeningServer(model, { limits: { headersMs: 20 } });
      using connection = await RawConnection.open(server.port);
      connection.post(address, { ...question, stream: true });
      await connection.until(() => connection.status === 200, "its headers");
      expect(connection.received).not.toContain("data: ");
      expect(model.stats().running).toBe(1);
    },
  );

  test("that is refused at once has a status of its own; later it is 200 with the error in it", async () => {
    const end = { kind: "model_error", after: 0, error: { code: "numeric_error" } } as const;
    expect(
      await testServer(scriptedModel({ replies: [{ text: ["a"], end }] })).post(chat, { ...body, stream: true }),
    ).toMatchObject({ status: 500 });
    const late = { text: ["a", "b"], delayMs: 60, end: { ...end, after: 1 } };
    const server = testServer(scriptedModel({ replies: [late] }), { limits: { headersMs: 10 } });
    const answer = await server.post(chat, { ...body, stream: true });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"code":"numeric_error"');
  });
});

describe("a stream that is silent", () => {
  test.each<[string, object, RegExp]>([
    [chat, body, /^: keep-alive$/],
    [`${chat}?format=wick`, body, /^: keep-alive$/],
    ["/v1/completions", { prompt: "a" }, /^: keep-alive$/],
    ["/v1/responses", { input: "a" }, /^: keep-alive$/],
    ["/v1/messages", { ...body, max_tokens: 9 }, /^event: ping\ndata: \{"type":"ping"\}$/],
  ])("of %s is kept open with what its clients pass over", async (address, question, form) => {
    await using server = await listeningServer(scriptedModel({ replies: [hang(2)] }), {
      limits: { keepAliveMs: 20, headersMs: 5 },
    });
    const leaving = new AbortController();
    const { body: sent } = await server.begin("POST", address, {
      body: { ...question, stream: true },
      signal: leaving.signal,
    });
    const reader = sent?.getReader();
    let text = "";
    const kept = () => text.split("\n\n").filter((block) => form.test(block));
    while (kept().length < 3) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    leaving.abort();
    // What was said came before, whole, and nothing else did.
    const said = eventsOf(`${text.split("\n\n").slice(0, -1).join("\n\n")}\n\n`);
    expect(
      said.filter((event) => event.kind === "event" && !event.data.includes("ping")).length,
    ).toBeGreaterThanOrEqual(2);
    expect(said.slice(-3).every((event) => event.kind === "comment" || event.name === "ping")).toBe(true);
  });

  test("before its first event, too", async () => {
    await using server = await listeningServer(scriptedModel({ replies: [hang(0)] }), {
      limits: { keepAliveMs: 20, headersMs: 5 },
    });
    using connection = await RawConnection.open(server.port);
    connection.post(chat, { ...body, stream: true });
    await connection.says(": keep-alive\n\n");
    expect(connection.received).not.toContain("data: ");
  });

  test("is not, while it speaks", async () => {
    const reply = { text: Array.from({ length: 20 }, (_, index) => `${index} `), delayMs: 10 };
    const server = testServer(scriptedModel({ replies: [reply] }), { limits: { keepAliveMs: 5000 } });
    const { events } = await server.post(chat, { ...body, stream: true });
    expect(events.filter(({ kind }) => kind === "comment")).toEqual([]);
  });

  test("and whose client does not read is sent no heap of comments", async () => {
    const server = testServer(scriptedModel({ replies: [hang(1)] }), { limits: { keepAliveMs: 5, headersMs: 5 } });
    const { body: sent } = await server.begin("POST", chat, { body: { ...body, stream: true } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const reader = sent?.getReader();
    let text = "";
    while (!text.includes("data: ")) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(text.match(/: keep-alive/g)?.length ?? 0).toBeLessThanOrEqual(1);
    await reader?.cancel();
  });
});

describe("every answer", () => {
  test.each<[string, string, unknown]>([
    ["POST", chat, body],
    ["POST", chat, { ...body, stream: true }],
    ["POST", chat, {}],
    ["GET", "/v1/models", undefined],
    ["GET", "/health", undefined],
    ["GET", "/nope", undefined],
    ["GET", "/openapi.json", undefined],
    ["OPTIONS", chat, undefined],
    ["PUT", chat, body],
  ])(
    "%s %s %j: is not guessed at, framed or read by other pages, and has the request's id",
    async (method, address, question) => {
      const server = testServer(scriptedModel({ replies: ["Yes."] }));
      const headers = { "x-request-id": "mine-1" };
      const answer = await server.ask(
        method,
        address,
        question === undefined ? { headers } : { body: question, headers },
      );
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-request-id": "mine-1",
      });
      expect(answer.headers.get("set-cookie")).toBeNull();
      expect(answer.headers.get("server")).toBeNull();
      expect(answer.headers.get("x-powered-by")).toBeNull();
    },
  );

  test("of Anthropic's calls has the request's id where its clients look for it", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }));
    for (const question of [{ ...body, max_tokens: 9 }, { ...body, max_tokens: 9, stream: true }, {}]) {
      const { headers } = await server.post("/v1/messages", question);
      expect(headers.get("request-id")).toBe(headers.get("x-request-id"));
    }
  });

  test("that is whole says how long it is, over a socket", async () => {
    await using server = await listeningServer(scriptedModel({ replies: ["Grüße."] }));
    const { headers, text } = await server.post(chat, body);
    expect(Number(headers.get("content-length"))).toBe(Buffer.byteLength(text));
  });
});
