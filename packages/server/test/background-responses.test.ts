// Responses that go on when their request is over, and those whose client has left.

import type { Response as ResponseObject } from "openai/resources/responses/responses";
import { describe, expect, test } from "vitest";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { eventually } from "../../../test/conformance/chunks.ts";
import { made, retrieved } from "./support/responses.ts";
import { testServer } from "./support/test-server.ts";

const address = "/v1/responses";
const hang: ScriptedReply = { text: ["One ", "two."], end: { kind: "hang", after: 1 } };
const slow: ScriptedReply = { text: ["One ", "two ", "three."], delayMs: 15 };

describe("a response in the background", () => {
  const limits = { headersMs: 5 };

  test("is told at once, and grows until it is complete", async () => {
    const model = scriptedModel({ replies: [slow] });
    const server = testServer(model, { limits });
    const begun = await made(server, { background: true });
    expect(begun).toMatchObject({ background: true, output: [] });
    expect(["queued", "in_progress"]).toContain(begun.status);
    const seen = new Set<string>();
    let last = begun;
    while (last.status === "queued" || last.status === "in_progress") {
      await new Promise((resolve) => setTimeout(resolve, 5));
      last = await retrieved(server, begun.id);
      const [item] = last.output;
      if (item?.type === "message")
        for (const part of item.content) if (part.type === "output_text") seen.add(part.text);
    }
    expect(last).toMatchObject({
      id: begun.id,
      status: "completed",
      output: [{ status: "completed", content: [{ text: "One two three." }] }],
    });
    expect([...seen].every((text) => "One two three.".startsWith(text))).toBe(true);
    expect(seen.size).toBeGreaterThan(1);
    const entries = server.log.filter((entry) => entry.event === "request_ended" && entry.responseId === begun.id);
    expect(entries).toMatchObject([
      { route: "/v1/responses (background)", end: "done", usage: { completionTokens: 3 } },
    ]);
  });

  test("goes on when its client has gone", async () => {
    const model = scriptedModel({ replies: [slow] });
    const server = testServer(model, { limits });
    const leaving = new AbortController();
    const answer = await server.ask("POST", address, {
      body: { input: "Hi", background: true },
      signal: leaving.signal,
    });
    leaving.abort();
    const { id } = answer.json as ResponseObject;
    await eventually(() => model.stats().running === 0);
    expect(await retrieved(server, id)).toMatchObject({ status: "completed" });
  });

  test("is cancelled: its sequence is freed, what it said stays, and it is cancelled once", async () => {
    const model = scriptedModel({ replies: [hang] });
    const server = testServer(model, { limits });
    const { id } = await made(server, { background: true });
    await eventually(() => model.stats().running === 1);
    const cancelled = await server.post(`${address}/${id}/cancel`, undefined);
    const expected = {
      id,
      status: "cancelled",
      error: null,
      output: [{ status: "incomplete", content: [{ text: "One " }] }],
    };
    expect(cancelled).toMatchObject({ status: 200, json: expected });
    await eventually(() => model.stats().running === 0);
    expect(await retrieved(server, id)).toEqual(cancelled.json);
    expect((await server.post(`${address}/${id}/cancel`, undefined)).json).toEqual(cancelled.json);
    await eventually(() => server.log.some((entry) => entry.event === "request_ended" && entry.responseId === id));
  });

  test("that is complete is not cancelled any more", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }), { limits });
    const whole = await made(server);
    expect((await server.post(`${address}/${whole.id}/cancel`, undefined)).json).toEqual(whole);
  });

  test("is deleted while it runs: its sequence is freed", async () => {
    const model = scriptedModel({ replies: [hang] });
    const server = testServer(model, { limits });
    const { id } = await made(server, { background: true });
    await eventually(() => model.stats().running === 1);
    expect(await server.ask("DELETE", `${address}/${id}`)).toMatchObject({ status: 200 });
    await eventually(() => model.stats().running === 0);
    expect(await server.get(`${address}/${id}`)).toMatchObject({ status: 404 });
  });

  test("fails where its model does, and says why", async () => {
    const end = { kind: "model_error", after: 1, error: { code: "numeric_error", message: "Not a number." } } as const;
    const server = testServer(scriptedModel({ replies: [{ text: ["One ", "two."], delayMs: 20, end }] }), { limits });
    const { id } = await made(server, { background: true });
    await eventually(() =>
      server.log.some((entry) => entry.event === "request_ended" && entry.route.endsWith("(background)")),
    );
    expect(await retrieved(server, id)).toMatchObject({
      status: "failed",
      error: { code: "server_error", type: "numeric_error", message: "Not a number." },
      output: [{ status: "incomplete", content: [{ text: "One " }] }],
    });
  });

  test("is refused where it could not be retrieved, and where it is wrong", async () => {
    const server = testServer(
      scriptedModel({ replies: [{ end: { kind: "validation_error", error: { code: "context_overflow" } } }] }),
      { limits },
    );
    expect(await server.post(address, { input: "Hi", background: true, store: false })).toMatchObject({ status: 400 });
    expect(await server.post(address, { input: "Hi", background: true })).toMatchObject({
      status: 400,
      json: { error: { code: "context_overflow" } },
    });
  });
});

test("a streamed response whose client has gone is cancelled, with what it had said", async () => {
  const model = scriptedModel({ replies: [hang] });
  const server = testServer(model, { limits: { headersMs: 5 } });
  const response = await server.begin("POST", address, { body: { input: "Hi", stream: true } });
  const reader = response.body?.getReader();
  let text = "";
  while (!text.includes("output_text.delta")) text += Buffer.from((await reader?.read())?.value ?? []).toString();
  const id = /resp_\w+/.exec(text)?.[0] ?? "";
  await reader?.cancel();
  await eventually(() => model.stats().running === 0);
  expect(await retrieved(server, id)).toMatchObject({
    status: "cancelled",
    output: [{ status: "incomplete", content: [{ text: "One " }] }],
  });
  expect(server.log).toContainEqual(
    expect.objectContaining({ event: "request_ended", end: "disconnected", responseId: id }),
  );
});
