// Requests that are ended by their signal, as hosts that call the handler themselves end them.

import { demoModel } from "@wick/demo-model";
import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { eventually } from "../../../test/conformance/chunks.ts";
import { contentOf } from "./support/chat-chunks.ts";
import { endless } from "./support/questions.ts";
import { chunksOf } from "./support/server-events.ts";
import { testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const body = { messages: [{ role: "user", content: "Hi" }] };
const hang: ScriptedReply = { text: ["One ", "two ", "three."], end: { kind: "hang", after: 2 } };

describe("a signal of time", () => {
  test("ends a whole answer with 504 and what was said: its client is still there", async () => {
    const server = testServer(scriptedModel({ replies: [hang] }));
    const answer = await server.ask("POST", chat, { body, signal: AbortSignal.timeout(50) });
    expect(answer).toMatchObject({
      status: 504,
      json: { error: { code: "timeout" }, partial: { choices: [{ message: { content: "One two " } }] } },
    });
    expect(answer.headers.get("x-should-retry")).toBe("true");
  });

  test("ends a stream with the same error", async () => {
    const server = testServer(scriptedModel({ replies: [hang] }));
    const { events, text } = await server.ask("POST", chat, {
      body: { ...body, stream: true },
      signal: AbortSignal.timeout(50),
    });
    expect(contentOf(text)).toBe("One two ");
    expect(chunksOf(events).at(-1)).toMatchObject({ error: { code: "timeout" } });
  });
});

describe("a signal of a client that has gone", () => {
  test.each([
    ["before it is asked", 0],
    ["while nothing has come", 10],
  ])("%s frees the sequence", async (_, afterMs) => {
    const model = scriptedModel({ replies: [{ end: { kind: "hang", after: 0 } }] });
    const server = testServer(model, { limits: { headersMs: 60_000 } });
    const leaving = new AbortController();
    if (afterMs === 0) leaving.abort();
    else setTimeout(() => leaving.abort(), afterMs);
    await server.ask("POST", chat, { body, signal: leaving.signal }).catch(() => {});
    await eventually(() => server.log.length > 0);
    expect(model.stats().running).toBe(0);
    expect(server.log).toMatchObject([{ event: "request_ended", end: "disconnected" }]);
  });

  test("in the middle of a stream that nobody reads on, or cancels, ends it all the same", async () => {
    const server = testServer(scriptedModel({ replies: [hang] }), { limits: { liveRequests: 1 } });
    const leaving = new AbortController();
    const response = await server.begin("POST", chat, { body: { ...body, stream: true }, signal: leaving.signal });
    await response.body?.getReader().read();
    expect(await server.post(chat, body)).toMatchObject({ status: 429 });
    leaving.abort();
    await eventually(() => server.log.some((entry) => entry.event === "request_ended" && entry.end === "disconnected"));
    // Its place is free again.
    const next = server.ask("POST", chat, { body, signal: AbortSignal.timeout(20) });
    expect(await next).toMatchObject({ status: 504 });
  });
});

test("what was computed for a client that has gone is in the log", async () => {
  await using model = await Model.load(demoModel());
  const server = testServer(model);
  const { body: stream } = await server.begin("POST", chat, { body: { ...endless, stream: true } });
  const reader = stream?.getReader();
  for (let count = 0; count < 5; count += 1) await reader?.read();
  await reader?.cancel();
  await eventually(() => server.log.length > 0);
  const [entry] = server.log;
  expect(entry).toMatchObject({ end: "disconnected", usage: { completionTokens: expect.any(Number) } });
  expect(entry?.event === "request_ended" && entry.usage?.completionTokens).toBeGreaterThanOrEqual(5);
});
