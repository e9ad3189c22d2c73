import type { Mistral } from "@mistralai/mistralai";
import { HTTPValidationError, MistralError } from "@mistralai/mistralai/models/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { z } from "zod";
import { describeClient } from "./describe-client.ts";
import { mistral, mistralFailure, mistralOf } from "./mistral.ts";
import { Served } from "./served.ts";
import { type Stage, startStage } from "./stage.ts";

describeClient(mistral);

const city = z.object({ city: z.string().max(24), tags: z.array(z.string().max(12)).max(3) });
const question = { model: "demo", messages: [{ role: "user" as const, content: "Tell me of Paris." }], temperature: 0 };

/** What the client makes of an inbound part that it does not know. */
const unknownPart = /"isUnknown":true|"UNKNOWN"/;

describe("@mistralai/mistralai alone", () => {
  let stage: Stage;
  let client: Mistral;
  beforeAll(async () => {
    stage = await startStage();
    client = mistralOf(stage.server.connection);
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test("parses an answer of a zod schema, whole and streamed", async () => {
    // It parses an answer without thoughts alone: those make its content a list of parts.
    const body = { ...question, responseFormat: city, reasoningEffort: "none" as const };
    const whole = await client.chat.parse(body);
    const parsed: unknown = whole.choices?.[0]?.message?.parsed;
    expect(city.parse(parsed)).toEqual(parsed);
    let text = "";
    for await (const { data } of await client.chat.parseStream(body)) {
      const content = data.choices[0]?.delta.content ?? "";
      if (typeof content === "string") text += content;
    }
    expect(JSON.parse(text)).toEqual(parsed);
  });

  test("fills in the middle, whole and streamed", async () => {
    const script = stage.script([{ text: ["a ", "+ ", "b"] }]);
    const hole = {
      model: "scripted",
      prompt: `// ${script.words}\nreturn `,
      suffix: ";",
      temperature: 0,
      maxTokens: 9,
    };
    const { choices } = await client.fim.complete({ ...hole, minTokens: 1, randomSeed: 4, stop: ["}"] });
    expect(choices).toMatchObject([{ message: { role: "assistant", content: "a + b" }, finishReason: "stop" }]);
    let text = "";
    for await (const { data } of await client.fim.stream(hole)) text += String(data.choices[0]?.delta.content ?? "");
    expect(text).toBe("a + b");
    expect(script.asked).toMatchObject([
      { prompt: hole.prompt, suffix: ";", minTokens: 1, randomSeed: 4, stop: ["}"] },
      { prompt: hole.prompt, suffix: ";", maxTokens: 9 },
    ]);
  });

  test("lists and retrieves models with their capabilities", async () => {
    const list = await client.models.list();
    expect(JSON.stringify(list)).not.toMatch(unknownPart);
    expect(list.data).toMatchObject([
      { id: "demo", type: "base", ownedBy: "wick", maxContextLength: 2048, capabilities: { completionChat: true } },
      { id: "scripted", capabilities: { functionCalling: true, completionFim: true } },
      { id: "endless" },
    ]);
    expect(await client.models.retrieve({ modelId: "demo" })).toMatchObject({ id: "demo", type: "base" });
  });

  test("reads thoughts as parts of the content, and replays them", async () => {
    const script = stage.script([{ reasoning: ["Two and ", "two…"], text: ["Four", "."] }]);
    const ask = {
      model: "scripted",
      promptMode: "reasoning" as const,
      messages: [{ role: "user" as const, content: script.words }],
    };
    const { choices } = await client.chat.complete(ask);
    expect(choices[0]?.message?.content).toEqual([
      { type: "thinking", thinking: [{ type: "text", text: "Two and two…" }], closed: true },
      { type: "text", text: "Four." },
    ]);
    const contents: unknown[] = [];
    for await (const { data } of await client.chat.stream(ask)) contents.push(data.choices[0]?.delta.content);
    expect(JSON.stringify(contents)).not.toMatch(unknownPart);
    expect(contents).toEqual([
      [{ type: "thinking", thinking: [{ type: "text", text: "Two and " }], closed: false }],
      [{ type: "thinking", thinking: [{ type: "text", text: "two…" }], closed: false }],
      "Four",
      ".",
    ]);
    const said = choices[0]?.message;
    if (said === undefined) throw new Error("Nothing was said.");
    await client.chat.complete({
      ...ask,
      messages: [...ask.messages, { ...said, role: "assistant" }, { role: "user", content: "Sure?" }],
    });
    const [, replayed] = script.asked.at(-1)?.messages ?? [];
    expect(replayed).toMatchObject({
      role: "assistant",
      content: [{ type: "thinking" }, { type: "text", text: "Four." }],
    });
  });

  test("reads calls whole, in one delta, and replays arguments that are objects", async () => {
    const calls = [
      { id: "a1B2c3D4e", type: "function" as const, function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
      { id: "Z9y8X7w6V", type: "function" as const, function: { name: "get_weather", arguments: "{}" } },
    ];
    const script = stage.script([{ text: "Let me look.", toolCalls: calls }, "Sunny."]);
    const ask = { model: "scripted", messages: [{ role: "user" as const, content: script.words }] };
    const deltas = [];
    for await (const { data } of await client.chat.stream(ask))
      deltas.push(...(data.choices[0]?.delta.toolCalls ?? []));
    expect(deltas).toMatchObject([
      { index: 0, id: "a1B2c3D4e", function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
      { index: 1, id: "Z9y8X7w6V", function: { name: "get_weather", arguments: "{}" } },
    ]);
    const objects = calls.map(({ function: { name, arguments: given }, ...call }) => ({
      ...call,
      function: { name, arguments: JSON.parse(given) as Record<string, unknown> },
    }));
    const results = calls.map(({ id }) => ({ role: "tool" as const, toolCallId: id, content: "sunny" }));
    await client.chat.complete({
      ...ask,
      messages: [...ask.messages, { role: "assistant", content: "Let me look.", toolCalls: objects }, ...results],
    });
    expect(script.asked.at(-1)?.messages).toMatchObject([
      { role: "user" },
      { role: "assistant", toolCalls: calls },
      ...results,
    ]);
  });

  test("begins the answer for the model", async () => {
    const begun = { role: "assistant" as const, content: "The capital of France is", prefix: true };
    const messages = [{ role: "user" as const, content: "What is the capital of France?" }, begun];
    const { choices } = await client.chat.complete({ ...question, messages });
    const here = await stage.demo.chat.complete({ messages, temperature: 0 });
    expect(choices[0]?.message?.content).toBe(here.choices[0].message.content);
  });

  test("takes what its programs send", async () => {
    const { choices } = await client.chat.complete({
      ...question,
      messages: [{ role: "user", content: [{ type: "text", text: "What is the capital of France?" }] }],
      safePrompt: false,
      n: 2,
      stop: "!",
      presencePenalty: 0,
      frequencyPenalty: 0,
      prediction: { type: "content", content: "" },
      parallelToolCalls: true,
      toolChoice: "none",
      tools: [{ type: "function", function: { name: "get_weather", parameters: {} } }],
      metadata: { run: 7 },
      promptCacheKey: "key",
    });
    expect(choices.map(({ message }) => message?.content)).toHaveLength(2);
  });

  test("raises its class of errors, with the words of the server", async () => {
    const refused = await client.chat.complete({ ...question, topP: 7 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MistralError);
    expect(mistralFailure(refused)).toMatchObject({ name: "SDKError", status: 400, code: "invalid_request" });
    expect(JSON.parse((refused as MistralError).body)).toMatchObject({
      object: "error",
      param: "top_p",
      type: "invalid_request_error",
    });
    // Tools that a host would run are not here.
    const tools = [{ type: "web_search" as const }];
    const unsupported = await client.chat.complete({ ...question, tools }).catch((error: unknown) => error);
    expect(mistralFailure(unsupported)).toMatchObject({ status: 400, code: "unsupported" });
  });

  test("raises its error of validation where a strict server refuses a field", async () => {
    await using model = scriptedModel({ replies: ["Yes."] });
    await using server = await Served.start({ models: { scripted: model }, strict: true });
    const strict = mistralOf(server.connection);
    // The client always sends `prefix`, `index` and `type`, which are fields that we know.
    const calls = [{ id: "a1B2c3D4e", function: { name: "f", arguments: "{}" } }];
    const messages = [
      { role: "user" as const, content: "Hi" },
      { role: "assistant" as const, content: "", toolCalls: calls },
      { role: "tool" as const, toolCallId: "a1B2c3D4e", content: "1" },
    ];
    expect(await strict.chat.complete({ model: "scripted", messages })).toMatchObject({
      choices: [{ finishReason: "stop" }],
    });
    const body = { model: "scripted", messages: [{ role: "user", content: "Hi", colour: "red" }] };
    const refused = await fetch(`${server.connection.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.connection.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(refused.status).toBe(422);
    const error = new HTTPValidationError((await refused.json()) as never, {
      response: refused,
      request: new Request(server.connection.url),
      body: "",
    });
    expect(error.detail).toMatchObject([
      { loc: ["body", "messages", "0", "colour"], msg: expect.any(String) as string },
    ]);
  });
});
