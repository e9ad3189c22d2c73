// What differs by who asks: OpenAI's clients take calls in pieces and thoughts beside the text, Mistral's take calls whole, and thoughts
// as parts of the text where they ask for them.

import { demoModel } from "@wick/demo-model";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources";
import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { capital, weather } from "./support/questions.ts";
import { chunksOf } from "./support/server-events.ts";
import { testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const body = { messages: [{ role: "user", content: "Hi" }] };
const openai = { "user-agent": "OpenAI/JS 7.59.0" };
const mistral = { "user-agent": "mistral-client-typescript/2.7.0" };
const call = (id: string, name: string, given: object) => ({
  id,
  type: "function" as const,
  function: { name, arguments: JSON.stringify(given) },
});
const calls = [call("abc123def", "get_weather", { city: "Paris" }), call("ghi456jkl", "get_time", {})];

const answering = (reply: ScriptedReply) => testServer(scriptedModel({ replies: [reply] }));

async function deltasOf(reply: ScriptedReply, headers: Record<string, string>, more: object = {}) {
  const { events } = await answering(reply).post(chat, { ...body, ...more, stream: true }, headers);
  return chunksOf<ChatCompletionChunk>(events).flatMap(({ choices }) => choices.map(({ delta }) => delta));
}

async function messageOf(reply: ScriptedReply, headers: Record<string, string>, more: object = {}) {
  return ((await answering(reply).post(chat, { ...body, ...more }, headers)).json as ChatCompletion).choices[0]
    ?.message;
}

describe("tool calls", () => {
  const reply = { text: "Let me see.", toolCalls: calls };

  test("for OpenAI's clients have index, id, type, name and text of arguments", async () => {
    const deltas = (await deltasOf(reply, openai)).flatMap((delta) => delta.tool_calls ?? []);
    expect(deltas).toEqual(calls.map((each, index) => ({ index, ...each })));
    const message = await messageOf(reply, openai);
    expect(message).toMatchObject({
      content: "Let me see.",
      tool_calls: calls.map((each, index) => ({ index, ...each })),
    });
    expect(await messageOf({ toolCalls: calls }, openai)).toMatchObject({ content: null });
  });

  test("for Mistral's come whole, all with the last chunk, beside a content that is text", async () => {
    const deltas = await deltasOf(reply, mistral);
    expect(deltas.filter((delta) => delta.tool_calls !== undefined)).toEqual([deltas.at(-1)]);
    expect(deltas.at(-1)?.tool_calls).toEqual(calls.map((each, index) => ({ index, ...each })));
    expect(await messageOf({ toolCalls: calls }, mistral)).toMatchObject({ content: "" });
  });

  test("in each delta have a name, empty where there is nothing more to it", async () => {
    await using model = await Model.load(demoModel());
    const question = {
      ...capital,
      messages: [{ role: "user", content: "What is the weather in Paris?" }],
      tools: [weather],
      max_tokens: 100,
    };
    const server = testServer(model);
    const forOpenai = chunksOf<ChatCompletionChunk>(
      (await server.post(chat, { ...question, stream: true }, openai)).events,
    );
    const pieces = forOpenai.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []));
    expect(pieces.length).toBeGreaterThan(2);
    for (const [at, piece] of pieces.entries()) {
      expect(piece).toMatchObject({
        index: 0,
        type: "function",
        function: { name: at === 0 ? "get_weather" : "", arguments: expect.any(String) },
      });
      expect("id" in piece).toBe(at === 0);
    }
    const given = pieces.map((piece) => piece.function?.arguments).join("");
    const forMistral = chunksOf<ChatCompletionChunk>(
      (await server.post(chat, { ...question, stream: true }, mistral)).events,
    );
    const whole = forMistral.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []));
    expect(whole).toMatchObject([{ index: 0, function: { name: "get_weather", arguments: given } }]);
    expect(forMistral.at(-1)?.choices[0]?.finish_reason).toBe("tool_calls");
    for (const chunks of [forOpenai, forMistral])
      expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: "assistant", content: "" });
  });
});

describe("thoughts", () => {
  const reply = { reasoning: ["Two and ", "two."], text: ["It is ", "four."] };

  test("for OpenAI's clients are a text beside the text", async () => {
    const deltas = await deltasOf(reply, openai);
    const thoughts = deltas.map((delta) => (delta as { reasoning_content?: string }).reasoning_content ?? "").join("");
    expect(thoughts).toBe("Two and two.");
    expect(deltas.map(({ content }) => content ?? "").join("")).toBe("It is four.");
    expect(deltas[0]).toEqual({ role: "assistant", content: "", reasoning_content: "Two and " });
    expect(await messageOf(reply, openai)).toEqual({
      role: "assistant",
      content: "It is four.",
      refusal: null,
      reasoning_content: "Two and two.",
    });
  });

  test.each([{ prompt_mode: "reasoning" }, { reasoning_effort: "high" }])(
    "for Mistral's that ask by %j are parts of the content",
    async (more) => {
      const deltas = await deltasOf(reply, mistral, more);
      expect(deltas.map(({ content }) => content)).toEqual([
        [{ type: "thinking", thinking: [{ type: "text", text: "Two and " }], closed: false }],
        [{ type: "thinking", thinking: [{ type: "text", text: "two." }], closed: false }],
        "It is ",
        "four.",
      ]);
      expect(JSON.stringify(deltas)).not.toContain("reasoning_content");
      expect(await messageOf(reply, mistral, more)).toEqual({
        role: "assistant",
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "Two and two." }], closed: true },
          { type: "text", text: "It is four." },
        ],
        refusal: null,
      });
      // OpenAI's would show a part as [object Object].
      expect(await messageOf(reply, openai, more)).toMatchObject({
        content: "It is four.",
        reasoning_content: "Two and two.",
      });
    },
  );

  test("for Mistral's that do not ask are a text beside the text", async () => {
    for (const more of [{}, { reasoning_effort: "none" }]) {
      expect(await messageOf(reply, mistral, more)).toMatchObject({
        content: "It is four.",
        reasoning_content: "Two and two.",
      });
      const deltas = await deltasOf(reply, mistral, more);
      expect(deltas.map(({ content }) => content ?? "").join("")).toBe("It is four.");
    }
  });

  test("that there are not make no difference", async () => {
    for (const headers of [openai, mistral]) {
      expect(await messageOf({ text: "Four." }, headers)).toEqual({
        role: "assistant",
        content: "Four.",
        refusal: null,
      });
    }
  });
});

test.each<[Record<string, string>, "openai" | "mistral"]>([
  [{ "user-agent": "mistral-client-python/3.7.0" }, "mistral"],
  [{ "x-mistral-user-agent": "mistral-client-typescript/2.7.0" }, "mistral"],
  [{ "user-agent": "speakeasy-sdk/typescript mistral-client-typescript/2.7.0" }, "mistral"],
  [{ "user-agent": "not-mistral" }, "openai"],
  [{ "user-agent": "curl/8" }, "openai"],
  [{}, "openai"],
])("%j is a client of %s's", async (headers, kind) => {
  const message = await messageOf({ toolCalls: calls }, headers);
  expect(message?.content).toBe(kind === "mistral" ? "" : null);
});
