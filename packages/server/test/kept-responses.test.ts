// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.

// Responses after their answer: gone on from, retrieved, deleted, and forgotten in time. Nobody sees those of another key.

import type { Response as ResponseObject } from "openai/resources/responses/responses";
import { describe, expect, test } from "vitest";
import { type ChatRequest, Model } from "wick";
import { demoModel } from "@wick/demo-model";
import { type ScriptedModel, type ScriptedReply, scriptedModel } from "wick/testing";
import { made, retrieved } from "./support/responses.ts";
import { testServer } from "./support/test-server.ts";

const address = "/v1/responses";
const hang: ScriptedReply = { text: ["One ", "two."], end: { kind: "hang", after: 1 } };

/** The messages that a model was asked with. */
function messagesOf(model: ScriptedModel, index: number): ChatRequest["messages"] {
  const call = model.calls[index];
  if (call?.kind !== "chat") throw new Error(`No chat was the ${index}th.`);
  return call.request.messages;
}

const notFound = (param: string) => ({
  status: 404,
  json: { error: { code: "not_found", param, type: "not_found_error" } },
});

describe("a response that goes on from another", () => {
  test("is asked what a chat with all of its messages is asked", async () => {
    const model = scriptedModel({ replies: [{ text: "One.", reasoning: "Hm." }, "Two.", "Three."] });
    const server = testServer(model);
    const first = await made(server, { input: "1?", instructions: "Count." });
    const second = await made(server, { input: [{ role: "user", content: "2?" }], previous_response_id: first.id });
    expect(second.previous_response_id).toBe(first.id);
    await made(server, { input: "3?", previous_response_id: second.id, instructions: "Count on." });
    expect(messagesOf(model, 2)).toEqual([
      { role: "system", content: "Count on." },
      { role: "user", content: "1?" },
      { role: "assistant", content: "One.", reasoningContent: "Hm." },
      { role: "user", content: "2?" },
      { role: "assistant", content: "Two." },
      { role: "user", content: "3?" },
    ]);
    // Instructions hold for one response alone.
    expect(messagesOf(model, 1)[0]).toEqual({ role: "user", content: "1?" });
    // One can be gone on from twice.
    await made(server, { input: "Other?", previous_response_id: first.id });
    expect(messagesOf(model, 3).at(-1)).toEqual({ role: "user", content: "Other?" });
    expect(messagesOf(model, 3)).toHaveLength(3);
  });

  test("of a real model says what the chat says", async () => {
    await using model = await Model.load(demoModel());
    const server = testServer(model);
    const first = await made(server, {
      input: "What is the capital of France?",
      temperature: 0,
      max_output_tokens: 40,
    });
    const second = await made(server, {
      input: "And of Italy?",
      previous_response_id: first.id,
      temperature: 0,
      max_output_tokens: 30,
      top_logprobs: 1,
    });
    const [message] = first.output;
    const [part] = message?.type === "message" ? message.content : [];
    const chat = await server.post("/v1/chat/completions", {
      messages: [
        { role: "user", content: "What is the capital of France?" },
        { role: "assistant", content: part?.type === "output_text" ? part.text : "" },
        { role: "user", content: "And of Italy?" },
      ],
      temperature: 0,
      max_tokens: 30,
    });
    const { choices, usage } = chat.json as {
      choices: [{ message: { content: string } }];
      usage: { prompt_tokens: number };
    };
    expect(second.output).toMatchObject([{ content: [{ text: choices[0].message.content }] }]);
    expect(second.usage?.input_tokens).toBe(usage.prompt_tokens);
  });

  test("of one that is not there, or not yet at its end, is refused", async () => {
    const server = testServer(scriptedModel({ replies: [hang] }), { limits: { headersMs: 5 } });
    expect(await server.post(address, { input: "Hi", previous_response_id: "resp_none" })).toMatchObject(
      notFound("previous_response_id"),
    );
    const running = await made(server, { background: true });
    const early = await server.post(address, { input: "Hi", previous_response_id: running.id });
    expect(early).toMatchObject({
      status: 400,
      json: { error: { code: "invalid_request", param: "previous_response_id" } },
    });
    await server.server.drain({ graceMs: 0 });
  });
});

describe("a response that is kept", () => {
  test("is retrieved as it was, with what it answered", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }));
    const text = await made(server);
    expect(await retrieved(server, text.id)).toEqual(text);
    const id = text.id.slice("resp_".length);
    expect((await server.get(`${address}/${text.id}/input_items`)).json).toEqual({
      object: "list",
      data: [{ id: `in_${id}_0`, type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] }],
      first_id: `in_${id}_0`,
      last_id: `in_${id}_0`,
      has_more: false,
    });
    const input = [
      { role: "user", content: "a" },
      { type: "message", id: "own", role: "assistant", content: "b" },
      { role: "user", content: "c" },
    ];
    const items = await made(server, { input });
    const list = (await server.get(`${address}/${items.id}/input_items`)).json as {
      data: { id: string; content: string }[];
      last_id: string;
    };
    expect(list.data.map(({ content }) => content)).toEqual(["a", "b", "c"]);
    expect(list.data[1]?.id).toBe("own");
    expect(list.last_id).toBe(list.data[2]?.id);
  });

  test("is not kept where it is not to be", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }));
    const response = await made(server, { store: false });
    expect(response).toMatchObject({ store: false });
    const { id } = response;
    expect(await server.get(`${address}/${id}`)).toMatchObject(notFound("response"));
    expect(await server.post(address, { input: "Hi", previous_response_id: id })).toMatchObject(
      notFound("previous_response_id"),
    );
  });

  test("is deleted, once", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }));
    const { id } = await made(server);
    expect(await server.ask("DELETE", `${address}/${id}`)).toMatchObject({
      status: 200,
      json: { id, object: "response", deleted: true },
    });
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["GET", "/input_items"],
      ["POST", "/cancel"],
    ] as const) {
      expect(await server.ask(method, `${address}/${id}${path}`)).toMatchObject(notFound("response"));
    }
  });

  test("is seen by the key that asked for it alone", async () => {
    const keys = ["sk-first-0123456789", "sk-other-0123456789"] as const;
    const server = testServer(scriptedModel({ replies: ["Yes."] }), { apiKeys: [...keys] });
    const [first, other] = [
      server.with({ authorization: `Bearer ${keys[0]}` }),
      server.with({ authorization: `Bearer ${keys[1]}` }),
    ];
    const { id } = (await first.post(address, { input: "Hi" })).json as ResponseObject;
    for (const [method, path] of [
      ["GET", ""],
      ["GET", "/input_items"],
      ["POST", "/cancel"],
      ["DELETE", ""],
    ] as const) {
      expect(await other.ask(method, `${address}/${id}${path}`)).toMatchObject(notFound("response"));
    }
    expect(await other.post(address, { input: "Hi", previous_response_id: id })).toMatchObject(
      notFound("previous_response_id"),
    );
    expect(await other.post(`${address}/input_tokens`, { input: "Hi", previous_response_id: id })).toMatchObject({
      status: 404,
    });
    expect(await first.get(`${address}/${id}`)).toMatchObject({ status: 200, json: { id } });
  });

  test("is not retrieved as a stream", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }));
    const { id } = await made(server);
    const answer = await server.get(`${address}/${id}?stream=true`);
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "unsupported", param: "stream" } } });
    expect(await server.get(`${address}/${id}?stream=false`)).toMatchObject({ status: 200 });
  });
});

describe("a response is forgotten", () => {
  test("when there are more than may be kept: the oldest first, and none that still runs", async () => {
    const model = scriptedModel({ replies: (_, index) => (index === 0 ? hang : "Yes.") });
    const server = testServer(model, { limits: { storedResponses: 2, headersMs: 5 } });
    const running = await made(server, { background: true });
    const [one, two, three] = [await made(server), await made(server), await made(server)];
    for (const { id } of [running, three])
      expect(await server.get(`${address}/${id}`), id).toMatchObject({ status: 200 });
    expect(await server.get(`${address}/${one.id}`)).toMatchObject({ status: 404 });
    expect(await server.get(`${address}/${two.id}`)).toMatchObject({ status: 404 });
    // Now it may go.
    await server.post(`${address}/${running.id}/cancel`, undefined);
    const four = await made(server);
    expect(await server.get(`${address}/${running.id}`)).toMatchObject({ status: 404 });
    for (const { id } of [three, four]) expect(await server.get(`${address}/${id}`)).toMatchObject({ status: 200 });
  });

  test("when its time is over, by the server's clock", async () => {
    let now = 0;
    const server = testServer(scriptedModel({ replies: ["Yes."] }), {
      runtime: { now: () => now },
      limits: { storedResponseMs: 1000 },
    });
    const first = await made(server);
    now = 999;
    const second = await made(server);
    expect(await server.get(`${address}/${first.id}`)).toMatchObject({ status: 200 });
    now = 1000;
    expect(await server.get(`${address}/${first.id}`)).toMatchObject(notFound("response"));
    expect(await server.get(`${address}/${second.id}`)).toMatchObject({ status: 200 });
    now = 1998;
    expect(await server.get(`${address}/${second.id}`)).toMatchObject({ status: 200 });
    now = 1999;
    expect(await server.post(address, { input: "Hi", previous_response_id: second.id })).toMatchObject({ status: 404 });
  });

  test("by default after an hour, or a thousand others", async () => {
    let now = 0;
    const server = testServer(scriptedModel({ replies: ["Yes."] }), { runtime: { now: () => now } });
    const first = await made(server);
    for (let count = 0; count < 999; count += 1) await made(server);
    expect(await server.get(`${address}/${first.id}`)).toMatchObject({ status: 200 });
    const last = await made(server);
    expect(await server.get(`${address}/${first.id}`)).toMatchObject({ status: 404 });
    now += 60 * 60 * 1000;
    expect(await server.get(`${address}/${last.id}`)).toMatchObject({ status: 404 });
  });
});
