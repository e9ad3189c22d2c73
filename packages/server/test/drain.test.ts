// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.

// The end of a server: what runs comes to its end or is ended with what it has said, nothing new begins, and the process exits.

import { describe, expect, test } from "vitest";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { eventually } from "../../../test/conformance/chunks.ts";
import { contentOf } from "./support/chat-chunks.ts";
import { RawConnection } from "./support/raw-connection.ts";
import { listeningServer } from "./support/running-server.ts";
import { chunksOf, eventsOf } from "./support/server-events.ts";
import { ServingProgram } from "./support/serving-program.ts";
import { testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const body = { messages: [{ role: "user", content: "Hi" }] };
const stuck: ScriptedReply = { text: ["One ", "two ", "three ", "four."], end: { kind: "hang", after: 3 } };

describe("a program that gets a signal", () => {
  const post = (program: ServingProgram, question: object) =>
    fetch(`${program.url}${chat}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(question),
    });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s in the middle of a stream: a terminal behind what was said, and exit 0",
    async (signal) => {
      await using program = await ServingProgram.start({ replies: [stuck], drainMs: 200 });
      using stream = await RawConnection.open(program.port);
      stream.post(chat, { ...body, stream: true });
      await stream.events(3);
      const whole = post(program, body);
      const message = RawConnection.open(program.port);
      using anthropic = await message;
      anthropic.post("/v1/messages", { ...body, max_tokens: 9, stream: true });
      await anthropic.says("three");
      await eventually(() => program.says("listening"));
      program.signal(signal);
      await stream.closed();
      const chunks = chunksOf<{ error?: object; choices: { finish_reason: string | null }[] }>(
        eventsOf(bodyOf(stream)),
      );
      expect(contentOf(stream.text)).toBe("One two three ");
      expect(chunks.at(-1)).toMatchObject({
        choices: [{ delta: {}, finish_reason: "error" }],
        error: { code: "engine_closed", message: expect.stringContaining("shutting down") },
      });
      expect(chunks.slice(0, -1).every(({ error }) => error === undefined)).toBe(true);
      const refusal = await whole;
      expect(refusal.status).toBe(503);
      expect(await refusal.json()).toMatchObject({
        error: { code: "engine_closed" },
        partial: { choices: [{ message: { content: "One two three " } }] },
      });
      await anthropic.closed();
      expect(anthropic.text).toMatch(/event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/);
      expect(await program.end()).toBe(0);
      const events = program.lines.map(({ event }) => event);
      expect(events.slice(0, 2)).toEqual(["listening", "drain_begun"]);
      // In whichever order: none is lost.
      const ended = ["closed", "drain_ended", "request_ended", "request_ended", "request_ended"];
      expect(events.slice(2).toSorted()).toEqual(ended);
      expect(program.errors).toBe("");
    },
  );

  test("that comes to its end in time: nothing is cut", async () => {
    const reply = { text: ["One ", "two ", "three ", "four."], delayMs: 100 };
    await using program = await ServingProgram.start({ replies: [reply], drainMs: 10_000 });
    using stream = await RawConnection.open(program.port);
    stream.post(chat, { ...body, stream: true });
    await stream.events(1);
    program.signal("SIGTERM");
    await stream.closed();
    expect(contentOf(stream.text)).toBe("One two three four.");
    expect(stream.text).toContain("[DONE]");
    expect(await program.end()).toBe(0);
  });

  test("takes no new connection, and refuses what comes on an old one", async () => {
    await using program = await ServingProgram.start({ replies: [stuck], drainMs: 1500 });
    using stream = await RawConnection.open(program.port);
    stream.post(chat, { ...body, stream: true });
    await stream.events(3);
    // Its request has begun to come.
    using late = await RawConnection.open(program.port);
    late.send(`POST ${chat} HTTP/1.1\r\nhost: loc`);
    using idle = await RawConnection.open(program.port);
    idle.send("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await idle.says('"ok"');
    program.signal("SIGTERM");
    await eventually(() => program.says("drain_begun"));
    await expect(RawConnection.open(program.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await idle.closed();
    expect(program.says("drain_ended")).toBe(false);
    const text = JSON.stringify(body);
    late.send(`alhost\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    await late.until(() => late.status !== 0 || late.isClosed, "its refusal");
    expect(late.status).toBe(503);
    expect(late.received).toMatch(/^retry-after: \d+\r$/im);
    expect(late.received).toContain("engine_closed");
    expect(await program.end()).toBe(0);
  });

  test("twice exits at once, as one whom the signal ended", async () => {
    await using program = await ServingProgram.start({ replies: [stuck], drainMs: 60_000 });
    using stream = await RawConnection.open(program.port);
    stream.post(chat, { ...body, stream: true });
    await stream.events(3);
    program.signal("SIGTERM");
    await eventually(() => program.says("drain_begun"));
    program.signal("SIGINT");
    expect(await program.end()).toBe(130);
    expect(program.says("drain_ended")).toBe(false);
  });

  test("and serves nobody exits at once", async () => {
    await using program = await ServingProgram.start({ replies: [stuck], drainMs: 60_000 });
    program.signal("SIGTERM");
    expect(await program.end()).toBe(0);
  });
});

describe("a server that drains", () => {
  test("refuses all that would be work, and answers the rest", async () => {
    const model = scriptedModel({ replies: [stuck], embeddings: () => [1] });
    const server = testServer(model);
    const running = server.post(chat, { ...body, stream: true });
    await eventually(() => model.calls.length === 1);
    const drained = server.server.drain({ graceMs: 100 });
    for (const [address, question] of [
      [chat, body],
      ["/v1/completions", { prompt: "a" }],
      ["/v1/fim/completions", { prompt: "a" }],
      ["/v1/embeddings", { input: "a" }],
      ["/v1/responses", { input: "a" }],
    ] as const) {
      const answer = await server.post(address, question);
      expect(answer, address).toMatchObject({
        status: 503,
        json: { error: { code: "engine_closed", type: "server_error" } },
      });
      expect(answer.headers.get("retry-after")).toBe("5");
    }
    expect(await server.post("/v1/messages", { ...body, max_tokens: 1 })).toMatchObject({ status: 503 });
    expect(model.calls).toHaveLength(1);
    expect(await server.get("/health")).toMatchObject({ status: 503, json: { status: "draining" } });
    expect(await server.get("/v1/models")).toMatchObject({ status: 200 });
    await drained;
    expect(contentOf((await running).text)).toBe("One two three ");
    expect(server.log.map(({ event }) => event).filter((event) => event.startsWith("drain"))).toEqual([
      "drain_begun",
      "drain_ended",
    ]);
    // The models are the program's.
    const reader = model.chat.stream({ messages: [{ role: "user", content: "Hi" }] })[Symbol.asyncIterator]();
    expect((await reader.next()).value).toMatchObject({ kind: "chunk" });
  });

  test("ends a response in the background, which says so", async () => {
    const model = scriptedModel({ replies: [stuck] });
    const server = testServer(model, { limits: { headersMs: 5 } });
    const { json } = await server.post("/v1/responses", { input: "Hi", background: true });
    await server.server.drain({ graceMs: 10 });
    const { id } = json as { id: string };
    await eventually(() =>
      server.log.some((entry) => entry.event === "request_ended" && entry.route.endsWith("(background)")),
    );
    const answer = await server.get(`/v1/responses/${id}`);
    expect(answer.json).toMatchObject({ status: "failed", output: [{ content: [{ text: "One two three " }] }] });
  });

  test("twice, and at once, is one end", async () => {
    await using server = await listeningServer(scriptedModel({ replies: ["Yes."] }));
    await Promise.all([server.running.close(), server.running.close(), server.running.closed]);
    await expect(server.get("/health")).rejects.toThrow("fetch failed");
    await server.running.close();
  });

  test("with a client that does not read its end is not held up by it", async () => {
    const text = Array.from({ length: 400 }, () => "x".repeat(64 * 1024));
    await using server = await listeningServer(scriptedModel({ replies: [{ text }] }), { drainMs: 50 });
    using stream = await RawConnection.open(server.port);
    stream.post(chat, { ...body, stream: true });
    await stream.events(1);
    stream.pause();
    await server.running.close();
    expect(server.entries().map(({ event }) => event)).toContain("drain_ended");
  });
});

/** The body of an answer that came in chunks. */
function bodyOf(connection: RawConnection): string {
  const [, ...rest] = connection.text.split("\r\n\r\n");
  return rest
    .join("\r\n\r\n")
    .replaceAll(/(?:^|\r\n)[\da-f]+\r\n/g, "")
    .replaceAll("\r\n", "");
}
