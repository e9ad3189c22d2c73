// Clients that take their time, or more places than they need. Those whose streams run notice nothing of them.

import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { scriptedModel } from "wick/testing";
import { eventually } from "../../../test/conformance/chunks.ts";
import { endless, story } from "./support/questions.ts";
import { RawConnection, postRequest } from "./support/raw-connection.ts";
import { listeningServer } from "./support/running-server.ts";
import { contentOf } from "./support/chat-chunks.ts";

const chat = { messages: [{ role: "user", content: "Hi" }] };
const chatText = JSON.stringify(chat);
const post = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
let model: Model;

beforeAll(async () => {
  model = await Model.load(demoModel());
});
afterAll(() => model.close());

describe("a body that is slow", () => {
  test("is given up after its time with 408, however steadily it comes", async () => {
    await using server = await listeningServer(scriptedModel({ replies: ["Yes."] }), { limits: { bodyMs: 150 } });
    using connection = await RawConnection.open(server.port);
    connection.send(`${post}content-length: 100000\r\n\r\n`);
    const drip = setInterval(() => connection.send(" "), 10);
    await connection.until(() => connection.status !== 0, "its refusal");
    clearInterval(drip);
    expect(connection.status).toBe(408);
    expect(connection.received).toContain('"code":"timeout"');
    await connection.closed();
    await eventually(() => server.entries().length === 1);
    expect(server.entries()).toMatchObject([{ status: 408, errorCode: "timeout" }]);
  });

  test("that does not come at all is given up, too, and one that comes in time is not", async () => {
    await using server = await listeningServer(scriptedModel({ replies: ["Yes."] }), { limits: { bodyMs: 400 } });
    using never = await RawConnection.open(server.port);
    never.send(`${post}content-length: ${chatText.length}\r\n\r\n`);
    using late = await RawConnection.open(server.port);
    late.send(`${post}content-length: ${chatText.length}\r\n\r\n${chatText.slice(0, 10)}`);
    setTimeout(() => late.send(chatText.slice(10)), 100);
    await late.until(() => late.status !== 0, "its answer");
    expect(late.status).toBe(200);
    await never.until(() => never.status !== 0, "its refusal");
    expect(never.status).toBe(408);
  });

  test("is refused as described", async () => {
    await using server = await listeningServer(scriptedModel({ replies: ["Yes."] }), { limits: { bodyMs: 50 } });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        // Nothing is sent before there is something to send.
        controller.enqueue(Buffer.from("{"));
        timer = setTimeout(() => controller.close(), 2000);
      },
    });
    const request = { method: "POST", body, duplex: "half", headers: { "content-type": "application/json" } } as const;
    const response = await fetch(`${server.running.url}/v1/chat/completions`, request);
    clearTimeout(timer);
    expect(response.status).toBe(408);
    const { paths } = (await server.get("/openapi.json")).json as {
      paths: Record<string, { post?: { responses: object } }>;
    };
    expect(paths["/v1/chat/completions"]?.post?.responses).toHaveProperty("408");
  });
});

// Headers have 10 s, which no option changes: this waits for them once, for all such clients at a time.
test("headers that come a byte a second, and 500 connections that say nothing, are closed at the limit; streams go on", async () => {
  await using server = await listeningServer(model);
  const expected = await server.post("/v1/chat/completions", { ...story, max_tokens: 500 });
  using stream = await RawConnection.open(server.port);
  stream.post("/v1/chat/completions", { ...story, max_tokens: 500, stream: true });
  await stream.events(1);
  stream.pause();
  using slow = await RawConnection.open(server.port);
  const bytes = [...`${post}content-length: ${chatText.length}\r\n\r\n${chatText}`];
  const drip = setInterval(() => slow.send(bytes.shift() ?? ""), 1000);
  const idle = await Promise.all(Array.from({ length: 500 }, () => RawConnection.open(server.port)));
  // More than there may be are closed at once.
  await eventually(() => idle.filter(({ isClosed }) => isClosed).length >= 500 - 254);
  stream.resume();
  await stream.says("[DONE]");
  expect(contentOf(stream.text)).toBe(contentOf(expected.text));
  await Promise.all([slow.closed(), ...idle.map((connection) => connection.closed())]);
  clearInterval(drip);
  expect([0, 408]).toContain(slow.status);
  expect(slow.received).not.toContain('"object"');
  expect(await server.get("/health")).toMatchObject({ status: 200 });
});

describe("a client that does not read", () => {
  // Much more than kernels hold for a connection.
  const wide = { ...endless, stream: true, logprobs: true, top_logprobs: 20, n: 8 };

  /** Waits until kernels hold all that they can, and the engine has nothing more to do. */
  async function untilStill(): Promise<void> {
    for (let looks = 0; looks < 4;) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      looks = model.trace().length === 0 && model.stats().parked > 0 ? looks + 1 : 0;
    }
  }

  test("is waited for, parked, while others get all the steps; then it is cut off and its sequences are freed", async () => {
    await using server = await listeningServer(model, { stalledReaderMs: 1500 });
    const expected = await server.post("/v1/chat/completions", story);
    using stalled = await RawConnection.open(server.port);
    stalled.send(postRequest("/v1/chat/completions", wide));
    await stalled.events(1);
    stalled.pause();
    await untilStill();
    const beside = await server.post("/v1/chat/completions", story);
    expect(beside.json).toMatchObject({ choices: (expected.json as { choices: object[] }).choices });
    const steps = model.trace().filter(({ rows }) => rows > 0);
    expect(steps.length).toBeGreaterThan(story.max_tokens / 2);
    // A kernel may find that it can hold a little more.
    expect(steps.filter(({ sequences }) => sequences > 1).length).toBeLessThan(steps.length / 10);
    expect(model.stats()).toMatchObject({ parked: 1 });
    await eventually(() => server.entries().some(({ end }) => end === "disconnected"), 10_000);
    await eventually(() => model.stats().running + model.stats().parked + model.stats().queued === 0);
  });

  test("and then reads on, in time, loses nothing", async () => {
    const text = Array.from({ length: 400 }, (_, index) => `${index} ${"é".repeat(32 * 1024)}`);
    await using server = await listeningServer(scriptedModel({ replies: [{ text }] }), { stalledReaderMs: 10_000 });
    using stalled = await RawConnection.open(server.port);
    stalled.post("/v1/chat/completions", { ...chat, stream: true });
    await stalled.events(1);
    stalled.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    // It is waited for: kernels do not hold so much.
    expect(server.entries()).toEqual([]);
    stalled.resume();
    await stalled.says("[DONE]");
    expect(contentOf(stalled.text) === text.join("")).toBe(true);
  });

  test("of a stream that has nothing to say is no stalled one", async () => {
    const reply = { text: ["A", "B", "C"], end: { kind: "hang" as const } };
    await using server = await listeningServer(scriptedModel({ replies: [reply] }), { stalledReaderMs: 100 });
    using connection = await RawConnection.open(server.port);
    connection.post("/v1/chat/completions", { ...chat, stream: true });
    await connection.events(2);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(connection.isClosed).toBe(false);
    expect(server.entries()).toEqual([]);
  });
});
