// oxlint-disable vitest/expect-expect -- functions beside the tests assert.

// Lists, texts and shapes that a request cannot have, beside a neighbour whose bytes must not change.

import { afterAll, beforeAll, describe, test } from "vitest";
import { Neighbourhood } from "./support/neighbourhood.ts";
import { weather } from "./support/questions.ts";

const chat = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];
let street: Neighbourhood;

beforeAll(async () => {
  street = await Neighbourhood.load();
});
afterAll(() => street[Symbol.asyncDispose]());

const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));
const tool = (name: string, more: object = {}) => ({ type: "function", function: { name, ...more } });

describe("what cannot be", () => {
  const format = (schema: unknown) => ({
    response_format: { type: "json_schema", json_schema: { name: "a", schema } },
  });
  const deep = (depth: number): object =>
    depth === 0 ? { type: "string" } : { type: "object", properties: { a: deep(depth - 1) } };
  test.each<[string, string, object]>([
    ["an empty stop string", "stop", { stop: "" }],
    ["one among others", "stop", { stop: ["a", ""] }],
    ["a stop string with half a character", "stop", { stop: "\ud83d" }],
    ["no message", "messages", { messages: [] }],
    ["a role of nobody", "messages[0].role", { messages: [{ role: "robot", content: "Hi" }] }],
    ["no role", "messages[0].role", { messages: [{ content: "Hi" }] }],
    ["no content", "messages[0].content", { messages: [{ role: "user" }] }],
    ["a content of null", "messages[0].content", { messages: [{ role: "user", content: null }] }],
    ["a content that is a number", "messages[0].content", { messages: [{ role: "user", content: 1 }] }],
    ["a part of no kind", "messages[0].content[0]", { messages: [{ role: "user", content: [{ text: "Hi" }] }] }],
    [
      "a part of an unknown kind",
      "messages[0].content[0].type",
      { messages: [{ role: "user", content: [{ type: "smell" }] }] },
    ],
    ["a message that is a text", "messages[1]", { messages: [...messages, "Hi"] }],
    [
      "an answer of a tool that nobody called",
      "messages[1]",
      { messages: [...messages, { role: "tool", tool_call_id: "a", content: "b" }] },
    ],
    [
      "a call without a name",
      "messages[0].tool_calls[0].function.name",
      { messages: [{ role: "assistant", tool_calls: [{ id: "a", function: { name: "", arguments: "{}" } }] }] },
    ],
    [
      "an answer in the middle that goes on",
      "messages[0]",
      { messages: [{ role: "assistant", content: "a", prefix: true }, ...messages] },
    ],
    ["a token that is none", "logit_bias", { logit_bias: { abc: 1 } }],
    ["a token beyond the vocabulary", "logit_bias", { logit_bias: { 4096: 1 } }],
    ["a token beyond all", "logit_bias", { logit_bias: { 99999999999: 1 } }],
    ["a negative token", "logit_bias", { logit_bias: { "-1": 1 } }],
    ["a bias that is a text", "logit_bias", { logit_bias: { 5: "1" } }],
    ["two tools of one name", "tools", { tools: [tool("a"), tool("a")] }],
    ["a line feed in a name", "tools[0].function", { tools: [tool("a\nb")] }],
    ["a name in Korean", "tools[0].function", { tools: [tool("날씨")] }],
    ["parameters that are a list", "tools[0].function", { tools: [tool("a", { parameters: [] })] }],
    ["parameters that are a text", "tools[0].function", { tools: [tool("a", { parameters: "object" })] }],
    ["a choice of a tool that is not there", "tool_choice", { tools: [weather], tool_choice: tool("other") }],
    ["a choice without tools", "tool_choice", { tool_choice: tool("get_weather") }],
    ["a choice of a word", "tool_choice", { tools: [weather], tool_choice: "sometimes" }],
    ["others without log probabilities", "top_logprobs", { top_logprobs: 2 }],
    ["a format of no type", "response_format.type", { response_format: {} }],
    ["a format of another type", "response_format.type", { response_format: { type: "xml" } }],
    ["a schema without one", "response_format", { response_format: { type: "json_schema" } }],
    ["a schema that is a list", "response_format.json_schema.schema", format([])],
    [
      "a name of a schema that is too long",
      "response_format.json_schema.name",
      { response_format: { type: "json_schema", json_schema: { name: "a".repeat(65), schema: {} } } },
    ],
    ["no choice to choose from", "response_format.choices", { response_format: { type: "choice", choices: [] } }],
    [
      "variables of a template that are the request's own",
      "chat_template_kwargs",
      { chat_template_kwargs: { messages: [] } },
    ],
    ["a template", "chat_template_kwargs", { chat_template_kwargs: { chat_template: "{{ 1 }}" } }],
  ])("%s", async (_, param, change) => {
    await street.refuses(chat, { messages, max_tokens: 4, ...change }, param);
  });

  test.each<[string, unknown, string]>([
    [
      "of 60,000 parentheses",
      { type: "string", pattern: `${"(".repeat(60_000)}a${")".repeat(60_000)}` },
      "grammar_limit",
    ],
    ["that nothing fits", { type: "string", minLength: 5, maxLength: 2 }, "grammar_invalid"],
    ["of a pattern that is none", { type: "string", pattern: "(" }, "grammar_invalid"],
    ["that points to nothing", { $ref: "#/$defs/missing" }, "grammar_invalid"],
    ["of 100,000 words", { enum: many(100_000, String) }, "grammar_limit"],
  ])("a schema %s", async (_, schema, code) => {
    await street.refuses(
      chat,
      { messages, max_tokens: 4, ...format(schema) },
      "response_format.json_schema.schema",
      code,
    );
  });

  test("a schema deeper than a body may be", async () => {
    await street.refuses(chat, { messages, max_tokens: 4, ...format(deep(65)) }, "body");
  });

  test("patterns that never come to an end in other engines are written to", async () => {
    await street.takes(chat, { messages, max_tokens: 4, ...format({ type: "string", pattern: "^(a+)+b$" }) });
  });

  test.each([
    [{ type: "regex", regex: "(" }, "response_format.regex"],
    [{ type: "lark", grammar: "start: nothing" }, "response_format.grammar"],
  ])("a format %j", async (responseFormat, param) => {
    await street.refuses(chat, { messages, max_tokens: 4, response_format: responseFormat }, param, "grammar_invalid");
  });

  test.each<[string, unknown]>([
    ["a negative token", [-1]],
    ["a token that is no whole number", [1.5]],
    ["a token beyond the vocabulary", [4096]],
    ["a token beyond all", [2 ** 53]],
    ["no token", []],
    ["no prompt", [[]]],
    ["texts and tokens", ["a", [1]]],
    ["a number", 1],
    ["an object", {}],
    ["null within", [null]],
  ])("a prompt of %s", async (_, prompt) => {
    await street.refuses("/v1/completions", { prompt, max_tokens: 1 }, "prompt");
  });

  test.each<[unknown]>([[1], [{}], [[]], [[null]], [["a", 1]], [""], [["a", ""]]])("an input of %j", async (input) => {
    await street.refuses("/v1/embeddings", { input }, "input");
  });

  test.each<[unknown]>([[[1, 2]], [[[1], [2]]]])(
    "an input of tokens, %j, is not for another model's vocabulary",
    async (input) => {
      await street.refuses("/v1/embeddings", { input }, "input", "unsupported");
    },
  );

  test.each<[unknown]>([[-1], ["a"], [[1.5]], [[-1]], [[4096]], [[2 ** 53]]])("tokens %j", async (tokens) => {
    await street.refuses("/v1/detokenize", { tokens }, "tokens");
  });
});
