// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.

// What is asked of a server in another host, and of the same one here.

import type { ChatCompletionChunk } from "openai/resources";
import { demoModel } from "@wick/demo-model";
import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { capital, capitalAnswer } from "../support/questions.ts";
import { Caller, type Send } from "../support/caller.ts";
import { contentOf } from "../support/chat-chunks.ts";
import { chunksOf } from "../support/server-events.ts";
import { testServer } from "../support/test-server.ts";

const chat = "/v1/chat/completions";
const long = { messages: [{ role: "user", content: "How does a battery work?" }], temperature: 0, max_tokens: 200 };

/** The tests of a host in which the demo model is served. */
export function describeServer(name: string, send: Send): void {
  const server = new Caller(send);

  describe(`a server in ${name}`, () => {
    test("says what the native one says, whole and streamed", async () => {
      await using model = await Model.load(demoModel());
      const native = testServer(model);
      for (const question of [capital, long]) {
        const expected = contentOf((await native.post(chat, question)).text);
        const whole = await server.post(chat, question);
        expect(whole.status, whole.text).toBe(200);
        expect(contentOf(whole.text)).toBe(expected);
        const streamed = await server.post(chat, { ...question, stream: true });
        expect(streamed.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
        expect(contentOf(streamed.text)).toBe(expected);
        expect(chunksOf<ChatCompletionChunk>(streamed.events).at(-1)).toMatchObject({
          choices: [{ finish_reason: "stop" }],
          usage: (whole.json as { usage: { completion_tokens: number } }).usage,
        });
      }
      expect(contentOf((await server.post(chat, capital)).text)).toBe(capitalAnswer);
    });

    test("answers several at once, each with its own", async () => {
      const alone = contentOf((await server.post(chat, long)).text);
      const answers = await Promise.all(
        [long, capital, long, capital].map((question) => server.post(chat, { ...question, stream: true })),
      );
      expect(answers.map(({ text }) => contentOf(text))).toEqual([alone, capitalAnswer, alone, capitalAnswer]);
    });

    test("refuses what is wrong, and knows its other addresses", async () => {
      expect(await server.post(chat, { ...capital, temperature: -1 })).toMatchObject({
        status: 400,
        json: { error: { code: "invalid_request", param: "temperature" } },
      });
      expect(await server.post(chat, "{")).toMatchObject({ status: 400 });
      expect(await server.get("/nope")).toMatchObject({ status: 404 });
      expect(await server.get("/health")).toMatchObject({ status: 200, json: { status: "ok" } });
      expect(await server.get("/v1/models")).toMatchObject({
        json: { data: [{ id: "demo", capabilities: { completion_chat: true } }] },
      });
      expect(await server.get("/v1/models", { origin: "https://evil.example" })).toMatchObject({ status: 403 });
      expect(((await server.get("/openapi.json")).json as { openapi: string }).openapi).toMatch(/^3\.1/);
    });

    test("keeps responses, and answers as Anthropic does", async () => {
      const first = await server.post("/v1/responses", {
        input: capital.messages[0]?.content,
        temperature: 0,
        max_output_tokens: 40,
      });
      expect(first.json).toMatchObject({ status: "completed", output: [{ content: [{ text: capitalAnswer }] }] });
      const { id } = first.json as { id: string };
      expect((await server.get(`/v1/responses/${id}`)).json).toEqual(first.json);
      const message = await server.post("/v1/messages", capital);
      expect(message.json).toMatchObject({ content: [{ type: "text", text: capitalAnswer }], stop_reason: "end_turn" });
    });

    test("frees the sequence of a client that leaves", async () => {
      const leaving = new AbortController();
      const endless = { ...long, max_tokens: 1900, ignore_eos: true, stream: true };
      const { body } = await server.begin("POST", chat, { body: endless, signal: leaving.signal });
      await body?.getReader().read();
      leaving.abort();
      await expect
        .poll(() => server.get("/stats").then(({ text }) => JSON.parse(text) as object), { timeout: 10_000 })
        .toMatchObject({ running: 0, queued: 0, parked: 0 });
      expect(contentOf((await server.post(chat, capital)).text)).toBe(capitalAnswer);
    });
  });
}
