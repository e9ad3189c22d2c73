import type OpenAI from "openai";
import { NotFoundError } from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { describeClient } from "./describe-client.ts";
import { openaiResponses, openaiResponsesHelper } from "./openai-responses.ts";
import { openaiOf } from "./openai.ts";
import { type Stage, startStage } from "./stage.ts";

describeClient(openaiResponses);
describeClient(openaiResponsesHelper);

describe("openai alone, responses", () => {
  let stage: Stage;
  let client: OpenAI;
  beforeAll(async () => {
    stage = await startStage();
    client = openaiOf(stage.server.connection);
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test("goes on from a response that the server keeps, with its thoughts, calls and their outputs", async () => {
    const call = {
      id: "a1B2c3D4e",
      type: "function" as const,
      function: { name: "get_weather", arguments: '{"city":"Paris"}' },
    };
    const script = stage.script([{ reasoning: "First Paris.", text: "Let me look.", toolCalls: [call] }, "Sunny."]);
    const first = await client.responses.create({ model: "scripted", input: script.words, instructions: "Be brief." });
    expect(first.output.map(({ type }) => type)).toEqual(["reasoning", "message", "function_call"]);
    const second = await client.responses.create({
      model: "scripted",
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: "a1B2c3D4e", output: "sunny" }],
    });
    expect(second).toMatchObject({ output_text: "Sunny.", previous_response_id: first.id, status: "completed" });
    expect(script.asked[1]?.messages).toMatchObject([
      // Instructions hold for one response.
      { role: "user", content: script.words },
      { role: "assistant", content: "Let me look.", reasoningContent: "First Paris.", toolCalls: [call] },
      { role: "tool", toolCallId: "a1B2c3D4e", content: "sunny" },
    ]);
  });

  test("goes on from what a program kept of a response", async () => {
    const script = stage.script([{ reasoning: "Two and two…", text: "Four." }]);
    const asked = { role: "user" as const, content: script.words };
    const { output } = await client.responses.create({ model: "scripted", input: [asked], store: false });
    const input = [asked, ...output, { role: "user" as const, content: "Sure?" }];
    await client.responses.create({ model: "scripted", input: input as never, store: false });
    expect(script.asked[1]?.messages).toMatchObject([
      asked,
      { role: "assistant", content: "Four.", reasoningContent: "Two and two…" },
      { role: "user" },
    ]);
  });

  test("retrieves, lists the input of, and deletes what the server keeps", async () => {
    const made = await client.responses.create({
      model: "demo",
      input: "What is the capital of France?",
      temperature: 0,
    });
    const kept = await client.responses.retrieve(made.id);
    expect(kept).toMatchObject({ id: made.id, output: made.output, usage: made.usage, status: "completed" });
    const items = [];
    for await (const item of client.responses.inputItems.list(made.id)) items.push(item);
    expect(items).toMatchObject([{ type: "message", role: "user", content: [{ type: "input_text" }] }]);
    await client.responses.delete(made.id);
    await expect(client.responses.retrieve(made.id)).rejects.toBeInstanceOf(NotFoundError);
    const unkept = await client.responses.create({ model: "demo", input: "Hi", store: false, max_output_tokens: 5 });
    await expect(client.responses.retrieve(unkept.id)).rejects.toBeInstanceOf(NotFoundError);
  });

  test("answers in the background, and is cancelled there", async () => {
    const asked = await client.responses.create({ model: "demo", input: "Hi", background: true, temperature: 0 });
    expect(["queued", "in_progress", "completed"]).toContain(asked.status);
    await vi.waitUntil(async () => (await client.responses.retrieve(asked.id)).status === "completed", {
      timeout: 10_000,
    });
    const hanging = stage.script([{ text: "Never ends", end: { kind: "hang", after: 1 } }]);
    const begun = await client.responses.create({ model: "scripted", input: hanging.words, background: true });
    await vi.waitUntil(() => hanging.asked.length === 1, { timeout: 10_000 });
    expect(await client.responses.cancel(begun.id)).toMatchObject({ id: begun.id, status: "cancelled" });
    expect(await client.responses.retrieve(begun.id)).toMatchObject({ status: "cancelled" });
  });

  test("parses an answer of a zod schema, whole and streamed", async () => {
    const city = z.object({ city: z.string().max(24), isCapital: z.boolean() });
    const body = {
      model: "demo",
      input: "Tell me of Paris.",
      temperature: 0,
      text: { format: zodTextFormat(city, "city") },
    };
    const whole = await client.responses.parse(body);
    expect(city.parse(whole.output_parsed)).toEqual(whole.output_parsed);
    const streamed = await client.responses.stream(body).finalResponse();
    expect(streamed.output_parsed).toEqual(whole.output_parsed);
  });

  test("tells each event of a stream in its order", async () => {
    const call = { id: "a1B2c3D4e", type: "function" as const, function: { name: "get_weather", arguments: "{}" } };
    const script = stage.script([{ reasoning: "Hm.", text: ["Let ", "me."], toolCalls: [call] }]);
    const told: string[] = [];
    for await (const { type } of await client.responses.create({
      model: "scripted",
      input: script.words,
      stream: true,
    }))
      told.push(type);
    expect(told.map((type) => type.replace("response.", ""))).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "content_part.added",
      "reasoning_text.delta",
      "reasoning_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "completed",
    ]);
  });

  test("refuses what this server does not have", async () => {
    const body = { model: "demo", input: "Hi" };
    await expect(client.responses.create({ ...body, tools: [{ type: "web_search" }] })).rejects.toMatchObject({
      status: 400,
      param: "tools[0].type",
    });
    await expect(client.responses.create({ ...body, conversation: "conv_1" })).rejects.toMatchObject({
      param: "conversation",
    });
    await expect(client.responses.create({ ...body, previous_response_id: "resp_none" })).rejects.toBeInstanceOf(
      NotFoundError,
    );
  });
});
