// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// More than there is room for: refused at once, with when to come again, while those who have a place get their answers in turn.

import { demoModel } from "@wick/demo-model";
import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { eventually } from "../../../test/conformance/chunks.ts";
import type { Answer } from "./support/caller.ts";
import { contentOf } from "./support/chat-chunks.ts";
import { story } from "./support/questions.ts";
import { listeningServer } from "./support/running-server.ts";
import { testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const body = { messages: [{ role: "user", content: "Hi" }] };
const hang: ScriptedReply = { text: "Yes.", end: { kind: "hang", after: 0 } };

function expectRefused({ status, json, headers }: Answer, code = "queue_full"): void {
  expect({ status, json }).toMatchObject({ status: 429, json: { error: { code, type: "rate_limit_error" } } });
  expect(headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(Number(headers.get("retry-after-ms"))).toBeGreaterThan(0);
  expect(headers.get("x-should-retry")).toBe("true");
}

describe("a burst of ten times what there is room for", () => {
  const question = { ...story, max_tokens: 30 };

  test("refuses what has no place; the others come to their end, first come, first served", async () => {
    await using model = await Model.load(demoModel(), { maxSequences: 1, maxQueue: 5 });
    const server = testServer(model);
    const expected = contentOf((await server.post(chat, question)).text);
    const names = Array.from({ length: 60 }, (_, index) => `r-${String(index).padStart(3, "0")}`);
    const answers = await Promise.all(names.map((name) => server.post(chat, question, { "x-request-id": name })));
    const served = answers.filter(({ status }) => status === 200);
    expect(served.length).toBeGreaterThanOrEqual(6);
    expect(served.length).toBeLessThan(60);
    for (const answer of served) expect(contentOf(answer.text)).toBe(expected);
    for (const answer of answers) if (answer.status !== 200) expectRefused(answer);
    const ended = server.log.flatMap((entry) =>
      entry.event === "request_ended" && entry.end === "done" ? [entry.requestId] : [],
    );
    const inTurn = ended.filter((name) => name.startsWith("r-"));
    expect(inTurn).toHaveLength(served.length);
    expect(inTurn).toEqual(inTurn.toSorted());
    expect(model.stats()).toMatchObject({ running: 0, queued: 0, parked: 0 });
    expect(await server.post(chat, question)).toMatchObject({ status: 200 });
  });

  test("over sockets hangs nobody", async () => {
    await using model = await Model.load(demoModel(), { maxSequences: 2, maxQueue: 4 });
    await using server = await listeningServer(model, { maxConnections: 100 });
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => server.post(chat, { ...question, stream: true })),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(6);
    for (const answer of answers) if (answer.status !== 200) expectRefused(answer);
    expect(server.entries()).toHaveLength(60);
    expect(await server.post(chat, question)).toMatchObject({ status: 200 });
  });

  test("of several texts in each request takes places for all of them or none", async () => {
    await using model = await Model.load(demoModel(), { maxSequences: 2, maxQueue: 2 });
    const server = testServer(model);
    const prompts = { prompt: ["a", "b", "c"], max_tokens: 8, ignore_eos: true };
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.post("/v1/completions", prompts)));
    for (const answer of answers) {
      if (answer.status === 200) expect(answer.json).toMatchObject({ choices: { length: 3 } });
      else expectRefused(answer);
    }
    expect(answers.some(({ status }) => status === 429)).toBe(true);
    await eventually(() => model.stats().running + model.stats().queued === 0);
    expect(await server.post("/v1/completions", prompts)).toMatchObject({ status: 200 });
  });
});

describe("as many requests as a server may have", () => {
  test("are three here: a fourth is refused by every call, until one of them leaves", async () => {
    const model = scriptedModel({ replies: [hang] });
    const server = testServer(model, { limits: { liveRequests: 3 } });
    const leaving = new AbortController();
    const held = [leaving.signal, AbortSignal.any([]), AbortSignal.any([])].map((signal) =>
      server.ask("POST", chat, { body, signal }),
    );
    for (const each of held) each.catch(() => {});
    await eventually(() => model.calls.length === 3);
    for (const [address, more] of [
      [chat, body],
      [chat, { ...body, stream: true }],
      ["/v1/completions", { prompt: "a" }],
      ["/v1/fim/completions", { prompt: "a" }],
      ["/v1/responses", { input: "a", background: true }],
    ] as const) {
      expectRefused(await server.post(address, more));
    }
    const message = await server.post("/v1/messages", { ...body, max_tokens: 1 });
    expect(message).toMatchObject({ status: 429, json: { type: "error", error: { type: "rate_limit_error" } } });
    expect(message.headers.get("retry-after")).toMatch(/^[1-9]/);
    expect(model.calls).toHaveLength(3);
    // What generates nothing is none of them.
    expect(await server.get("/health")).toMatchObject({ status: 200 });
    expect(await server.post("/v1/tokenize", { prompt: "a" })).toMatchObject({ status: 200 });
    leaving.abort();
    await eventually(() => model.stats().running === 2);
    void server.post(chat, body);
    await eventually(() => model.calls.length === 4);
    await server.server.drain({ graceMs: 0 });
  });

  test("another model has its own room", async () => {
    const full = scriptedModel({ replies: [{ end: { kind: "validation_error", error: { code: "queue_full" } } }] });
    const server = testServer({ full, free: scriptedModel({ replies: ["Yes."] }) });
    expectRefused(await server.post(chat, { ...body, model: "full" }));
    expectRefused(await server.post(chat, { ...body, model: "full" }));
    expect(await server.post(chat, { ...body, model: "free" })).toMatchObject({ status: 200 });
  });

  test("a refusal that comes late, behind the end of another, refuses nobody else", async () => {
    const model = scriptedModel({
      replies: [
        hang,
        { text: "B", delayMs: 20 },
        // It was decided while the second still had its place.
        { text: "C", delayMs: 80, end: { kind: "internal_error", error: { code: "queue_full" } } },
        "D",
      ],
    });
    const server = testServer(model);
    const leaving = new AbortController();
    const held = server.ask("POST", chat, { body, signal: leaving.signal });
    held.catch(() => {});
    await eventually(() => model.calls.length === 1);
    const second = server.post(chat, body);
    await eventually(() => model.calls.length === 2);
    const third = server.post(chat, body);
    expect(await second).toMatchObject({ status: 200 });
    expect(await third).toMatchObject({ status: 429 });
    expect(await server.post(chat, body)).toMatchObject({ status: 200 });
    leaving.abort();
  });
});

describe("when to come again", () => {
  test("is told by how fast requests have been, up to a minute", async () => {
    let now = 0;
    const model = scriptedModel({
      replies: (_, index) => {
        if (index >= 5) return hang;
        now += 3000;
        return "Yes.";
      },
    });
    const server = testServer(model, { limits: { liveRequests: 2 }, runtime: { now: () => now } });
    for (let count = 0; count < 5; count += 1) await server.post(chat, body);
    const held = [0, 1].map(() => server.post(chat, body));
    await eventually(() => model.calls.length === 7);
    const { headers } = await server.post(chat, body);
    expect(Number(headers.get("retry-after"))).toBe(6);
    expect(Number(headers.get("retry-after-ms"))).toBe(6000);
    now += 1e9;
    expect(Number((await server.post(chat, body)).headers.get("retry-after"))).toBeLessThanOrEqual(60);
    await server.server.drain({ graceMs: 0 });
    await Promise.all(held);
  });

  test("is a second after an hour in which nobody asked", async () => {
    let now = 0;
    const model = scriptedModel({
      replies: (_, index) => {
        now += 10;
        return index < 2 ? "Yes." : hang;
      },
    });
    const server = testServer(model, { limits: { liveRequests: 1 }, runtime: { now: () => now } });
    for (let count = 0; count < 2; count += 1) await server.post(chat, body);
    now += 60 * 60 * 1000;
    const held = server.post(chat, body);
    await eventually(() => model.calls.length === 3);
    expect((await server.post(chat, body)).headers.get("retry-after")).toBe("1");
    await server.server.drain({ graceMs: 0 });
    await held;
  });
});

describe("requests in a minute", () => {
  const options = { apiKeys: ["sk-first-0123456789", "sk-other-0123456789"], limits: { requestsPerMinute: 3 } };
  const first = { authorization: "Bearer sk-first-0123456789" };
  const other = { authorization: "Bearer sk-other-0123456789" };

  test("are counted by key, on every address but /health, and fill up again evenly", async () => {
    let now = 0;
    const model = scriptedModel({ replies: ["Yes."] });
    const server = testServer(model, { ...options, runtime: { now: () => now } });
    expect(await server.post(chat, body, first)).toMatchObject({ status: 200 });
    expect(await server.get("/v1/models", first)).toMatchObject({ status: 200 });
    expect(await server.get("/nope", first)).toMatchObject({ status: 404 });
    const refused = await server.post(chat, body, first);
    expectRefused(refused, "rate_limited");
    expect(refused.headers.get("retry-after")).toBe("20");
    expectRefused(await server.get("/v1/models", first), "rate_limited");
    const message = await server.post("/v1/messages", { ...body, max_tokens: 1 }, first);
    expect(message).toMatchObject({ status: 429, json: { type: "error", error: { type: "rate_limit_error" } } });
    for (let count = 0; count < 5; count += 1) expect(await server.get("/health")).toMatchObject({ status: 200 });
    expect(await server.post(chat, body, other)).toMatchObject({ status: 200 });
    now += 20_000;
    expect(await server.post(chat, body, first)).toMatchObject({ status: 200 });
    expectRefused(await server.post(chat, body, first), "rate_limited");
    now += 10_000;
    expect((await server.post(chat, body, first)).headers.get("retry-after")).toBe("10");
    // No more than a minute's worth is kept.
    now += 60 * 60 * 1000;
    for (let count = 0; count < 3; count += 1)
      expect(await server.post(chat, body, first)).toMatchObject({ status: 200 });
    expectRefused(await server.post(chat, body, first), "rate_limited");
  });

  test("of nobody with a key use up no one's", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }), options);
    for (let count = 0; count < 10; count += 1) {
      expect(await server.post(chat, body, { authorization: "Bearer wrong" })).toMatchObject({ status: 401 });
    }
    expect(await server.post(chat, body, first)).toMatchObject({ status: 200 });
  });
});
