// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Responses: their events and what they are put together to.

import { demoModel } from "@wick/demo-model";
import type { Response as ResponseObject, ResponseStreamEvent } from "openai/resources/responses/responses";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { capital, capitalAnswer } from "./support/questions.ts";
import { dataOf } from "./support/server-events.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const address = "/v1/responses";
const question = { input: capital.messages[0]?.content, temperature: 0, max_output_tokens: 40 };
const call = {
  id: "call12345",
  type: "function" as const,
  function: { name: "get_weather", arguments: '{"city":"Paris"}' },
};
const tool = {
  type: "function",
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};
const everything: ScriptedReply = { reasoning: ["Two ", "and two."], text: ["It is ", "four."], toolCalls: [call] };

const answering = (reply: ScriptedReply) => testServer(scriptedModel({ replies: [reply] }));

/** The events of a stream, whose numbers must have no gap. */
async function stream(server: TestServer, request: object): Promise<ResponseStreamEvent[]> {
  const answer = await server.post(address, { ...request, stream: true });
  expect(answer.status, answer.text).toBe(200);
  const events = dataOf<ResponseStreamEvent>(answer.events).filter((event) => event !== "[DONE]");
  expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
  for (const [index, event] of answer.events.entries()) {
    if (event.kind === "event") expect(event.name).toBe(events[index]?.type);
  }
  expect(answer.text).not.toContain("[DONE]");
  return events;
}

async function whole(server: TestServer, request: object): Promise<ResponseObject> {
  const answer = await server.post(address, request);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as ResponseObject;
}

function endOf(events: readonly ResponseStreamEvent[]): ResponseObject {
  const end = events.at(-1);
  if (end === undefined || !("response" in end)) throw new Error(`No response at the end: ${JSON.stringify(end)}`);
  return end.response;
}

/** What is of one run alone. */
const plain = (response: ResponseObject) =>
  JSON.parse(
    JSON.stringify(response, (name, value: unknown) =>
      ["id", "created_at", "completed_at", "call_id"].includes(name) ? undefined : value,
    ),
  ) as object;

describe("a whole response", () => {
  test("has items for thoughts, text and calls, in this order", async () => {
    const response = await whole(answering(everything), {
      input: "Hi",
      metadata: { a: "b" },
      instructions: "Be brief.",
    });
    const id = response.id.slice("resp_".length);
    expect(response).toEqual({
      id: expect.stringMatching(/^resp_\w+$/),
      object: "response",
      created_at: expect.any(Number),
      completed_at: expect.any(Number),
      status: "completed",
      background: false,
      error: null,
      incomplete_details: null,
      instructions: "Be brief.",
      max_output_tokens: null,
      model: "demo",
      output: [
        {
          type: "reasoning",
          id: `rs_${id}_0`,
          status: "completed",
          summary: [],
          content: [{ type: "reasoning_text", text: "Two and two." }],
        },
        {
          type: "message",
          id: `msg_${id}_1`,
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", text: "It is four.", annotations: [], logprobs: [] }],
        },
        {
          type: "function_call",
          id: `fc_${id}_2`,
          status: "completed",
          call_id: "call12345",
          name: "get_weather",
          arguments: '{"city":"Paris"}',
        },
      ],
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      store: true,
      temperature: null,
      text: { format: { type: "text" } },
      tool_choice: "auto",
      tools: [],
      top_logprobs: 0,
      top_p: null,
      truncation: "disabled",
      usage: {
        input_tokens: expect.any(Number),
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: expect.any(Number),
      },
      user: null,
      metadata: { a: "b" },
    });
  });

  test.each<[ScriptedReply, object]>([
    [{ text: "A" }, { status: "completed", incomplete_details: null }],
    [
      { text: "A", finishReason: "length" },
      { status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, completed_at: null },
    ],
    [
      { text: "A", finishReason: "content_filter" },
      { status: "incomplete", incomplete_details: { reason: "content_filter" } },
    ],
    [{ text: "" }, { status: "completed", output: [] }],
  ])("of %j is %j", async (reply, expected) => {
    expect(await whole(answering(reply), { input: "Hi" })).toMatchObject(expected);
    expect(endOf(await stream(answering(reply), { input: "Hi" }))).toMatchObject(expected);
  });

  test("says again what it was asked with", async () => {
    const asked = {
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 9,
      tools: [tool],
      tool_choice: "required",
      parallel_tool_calls: false,
      text: { format: { type: "json_object" } },
      reasoning: { effort: "low" },
      store: false,
    };
    const model = scriptedModel({ replies: ["{}"] });
    expect(await whole(testServer(model), { input: "Hi", ...asked })).toMatchObject({
      ...asked,
      reasoning: { effort: "low", summary: null },
    });
    expect(model.calls[0]?.request).toEqual({
      messages: [{ role: "user", content: "Hi" }],
      temperature: 0.5,
      topP: 0.9,
      maxTokens: 9,
      tools: [{ type: "function", function: { name: "get_weather", parameters: tool.parameters } }],
      toolChoice: "required",
      parallelToolCalls: false,
      responseFormat: { type: "json_object" },
      reasoning: { effort: "low" },
    });
  });
});

describe("a stream", () => {
  test("tells of each item from its beginning to its end, one after the other", async () => {
    const events = await stream(answering(everything), { input: "Hi" });
    expect(events.map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.reasoning_text.delta",
      "response.reasoning_text.delta",
      "response.reasoning_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.output_item.added",
      "response.function_call_arguments.delta",
      "response.function_call_arguments.done",
      "response.output_item.done",
      "response.completed",
    ]);
    const places = events.flatMap((event) => ("output_index" in event ? [event.output_index] : []));
    expect(places).toEqual(places.toSorted());
    const added = events.flatMap((event) => (event.type === "response.output_item.added" ? [event.item] : []));
    expect(added).toMatchObject([
      { type: "reasoning", status: "in_progress", content: [] },
      { type: "message", status: "in_progress", content: [] },
      { type: "function_call", status: "in_progress", call_id: "call12345", name: "get_weather", arguments: "" },
    ]);
    for (const event of events) {
      if ("item_id" in event) expect(event.item_id).toBe(added[event.output_index]?.id);
    }
    const done = events.flatMap((event) => (event.type === "response.output_item.done" ? [event.item] : []));
    expect(done).toEqual(endOf(events).output);
  });

  test("ends with the response as it is retrieved, and begins with it empty", async () => {
    const server = answering(everything);
    const events = await stream(server, { input: "Hi" });
    const end = endOf(events);
    expect((await server.get(`${address}/${end.id}`)).json).toEqual(end);
    expect(events[0]).toMatchObject({ response: { id: end.id, status: "in_progress", output: [], usage: null } });
    expect(plain(end)).toEqual(plain(await whole(answering(everything), { input: "Hi" })));
  });

  test("whose deltas are its texts", async () => {
    const events = await stream(answering(everything), { input: "Hi" });
    const joined = (type: ResponseStreamEvent["type"]) =>
      events
        .map((event) => (event.type === type && "delta" in event && typeof event.delta === "string" ? event.delta : ""))
        .join("");
    expect(joined("response.reasoning_text.delta")).toBe("Two and two.");
    expect(joined("response.output_text.delta")).toBe("It is four.");
    expect(joined("response.function_call_arguments.delta")).toBe('{"city":"Paris"}');
    expect(events.find(({ type }) => type === "response.output_text.done")).toMatchObject({
      text: "It is four.",
      logprobs: [],
    });
    expect(events.find(({ type }) => type === "response.function_call_arguments.done")).toMatchObject({
      arguments: '{"city":"Paris"}',
      name: "get_weather",
    });
  });
});

describe("of a real model", () => {
  let model: Model;
  let server: TestServer;
  beforeAll(async () => {
    model = await Model.load(demoModel());
    server = testServer(model);
  });
  afterAll(() => model.close());

  test("is the answer of a chat, whole and streamed", async () => {
    const response = await whole(server, question);
    expect(response.output).toMatchObject([{ content: [{ text: capitalAnswer }] }]);
    expect(response.usage).toMatchObject({ input_tokens: 16, output_tokens: 10, total_tokens: 26 });
    const streamed = endOf(await stream(server, question));
    expect(streamed.output).toMatchObject([{ content: [{ text: capitalAnswer }] }]);
  });

  test("has log probabilities where they are asked for, the same in its deltas and at the end", async () => {
    const request = { ...question, include: ["message.output_text.logprobs"], top_logprobs: 2 };
    const events = await stream(server, request);
    const deltas = events.flatMap((event) => (event.type === "response.output_text.delta" ? event.logprobs : []));
    const [message] = endOf(events).output;
    const [part] = message?.type === "message" ? message.content : [];
    if (part?.type !== "output_text") throw new Error("no text");
    expect(part.logprobs?.length).toBeGreaterThan(5);
    expect(deltas).toEqual(part.logprobs);
    expect(part.logprobs?.[0]?.top_logprobs).toHaveLength(2);
    expect((await whole(server, request)).output).toMatchObject([{ content: [{ logprobs: part.logprobs }] }]);
  });

  test("calls a tool, and goes on from its output", async () => {
    const asking = {
      input: "What is the weather in Paris?",
      temperature: 0,
      tools: [tool],
      tool_choice: "required",
      max_output_tokens: 80,
    };
    const { id, output } = await whole(server, asking);
    const called = output.at(-1);
    if (called?.type !== "function_call") throw new Error("no call");
    expect(called).toMatchObject({ name: "get_weather", call_id: expect.stringMatching(/^\w{9}$/) });
    const answered = { type: "function_call_output", call_id: called.call_id, output: "19 °C" };
    const next = await whole(server, {
      previous_response_id: id,
      input: [answered],
      tools: [tool],
      temperature: 0,
      max_output_tokens: 40,
    });
    expect(next.output.length).toBeGreaterThan(0);
    // The same without what is kept here: all items are sent back.
    const items = [{ role: "user", content: asking.input }, ...output, answered];
    const again = await whole(server, { input: items, tools: [tool], temperature: 0, max_output_tokens: 40 });
    expect(plain(again)).toMatchObject({ output: (plain(next) as { output: object[] }).output });
  });

  test("counts its tokens before it is made", async () => {
    const { json } = await server.post(`${address}/input_tokens`, { input: question.input, instructions: "Be brief." });
    const { usage } = await whole(server, { ...question, instructions: "Be brief." });
    expect(json).toEqual({ object: "response.input_tokens", input_tokens: usage?.input_tokens });
  });
});
