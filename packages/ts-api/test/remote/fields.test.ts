// What becomes of each field of a chat, at each kind of host.

import { describe, expect, test } from "vitest";
import type { ChatRequest } from "wick";
import { collect } from "../../../../test/conformance/chunks.js";
import { connect } from "../../src/remote/connect.js";
import { done, ended, loopbackHost, messages, said, sends } from "./loopback-host.js";
import { type ProviderName, refusal, sent } from "./sent.js";

const weather = { type: "function" as const, function: { name: "weather", parameters: { type: "object" } } };
const schema = { name: "s", schemaDefinition: { type: "object" }, strict: true };

/** Each field of a request with a value, in the form of each provider; or that it is refused at this path. */
const table: readonly [string, object, Readonly<Record<ProviderName, object | string>>][] = [
  ["temperature", { temperature: 0.5 }, all({ temperature: 0.5 })],
  ["topP", { topP: 0.9 }, all({ top_p: 0.9 })],
  ["topK", { topK: 5 }, { openai: "topK", mistral: "topK", mistralrs: { top_k: 5 }, wick: { top_k: 5 } }],
  ["minP", { minP: 0.1 }, { openai: "minP", mistral: "minP", mistralrs: { min_p: 0.1 }, wick: { min_p: 0.1 } }],
  ["maxTokens", { maxTokens: 5 }, all({ max_tokens: 5 })],
  ["stop", { stop: ["a"] }, all({ stop: ["a"] })],
  [
    "randomSeed",
    { randomSeed: 7 },
    { openai: { seed: 7 }, mistral: { random_seed: 7 }, mistralrs: "randomSeed", wick: { seed: 7 } },
  ],
  ["n", { n: 2 }, all({ n: 2 })],
  [
    "minTokens",
    { minTokens: 2 },
    { openai: "minTokens", mistral: "minTokens", mistralrs: "minTokens", wick: { min_tokens: 2 } },
  ],
  [
    "ignoreEos",
    { ignoreEos: true },
    { openai: "ignoreEos", mistral: "ignoreEos", mistralrs: { ignore_eos: true }, wick: { ignore_eos: true } },
  ],
  [
    "priority",
    { priority: 1 },
    { openai: "priority", mistral: "priority", mistralrs: "priority", wick: { priority: 1 } },
  ],
  ["frequencyPenalty", { frequencyPenalty: 1 }, all({ frequency_penalty: 1 })],
  ["presencePenalty", { presencePenalty: 1 }, all({ presence_penalty: 1 })],
  [
    "repetitionPenalty",
    { repetitionPenalty: 1.1 },
    {
      openai: "repetitionPenalty",
      mistral: "repetitionPenalty",
      mistralrs: { repetition_penalty: 1.1 },
      wick: { repetition_penalty: 1.1 },
    },
  ],
  [
    "dry",
    { dry: { multiplier: 0.8, allowedLength: 3 } },
    {
      openai: "dry",
      mistral: "dry",
      mistralrs: { dry_multiplier: 0.8, dry_allowed_length: 3 },
      wick: { dry: { multiplier: 0.8, allowed_length: 3 } },
    },
  ],
  ["logitBias", { logitBias: { 5: 1 } }, { ...all({ logit_bias: { 5: 1 } }), mistral: "logitBias" }],
  ["logprobs", { logprobs: true }, { ...all({ logprobs: true }), mistral: "logprobs" }],
  ["topLogprobs", { topLogprobs: 2 }, { ...all({ top_logprobs: 2 }), mistral: "topLogprobs" }],
  ["responseFormat text", { responseFormat: { type: "text" } }, all({ response_format: { type: "text" } })],
  [
    "responseFormat json_object",
    { responseFormat: { type: "json_object" } },
    all({ response_format: { type: "json_object" } }),
  ],
  [
    "responseFormat json_schema",
    { responseFormat: { type: "json_schema", jsonSchema: schema } },
    all({
      response_format: { type: "json_schema", json_schema: { name: "s", schema: { type: "object" }, strict: true } },
    }),
  ],
  [
    "responseFormat regex",
    { responseFormat: { type: "regex", regex: "a+" } },
    {
      openai: "responseFormat.type",
      mistral: "responseFormat.type",
      mistralrs: { grammar: { type: "regex", value: "a+" } },
      wick: { response_format: { type: "regex", regex: "a+" } },
    },
  ],
  [
    "responseFormat lark",
    { responseFormat: { type: "lark", grammar: "start: A" } },
    {
      openai: "responseFormat.type",
      mistral: "responseFormat.type",
      mistralrs: { grammar: { type: "lark", value: "start: A" } },
      wick: { response_format: { type: "lark", grammar: "start: A" } },
    },
  ],
  [
    "responseFormat choice",
    { responseFormat: { type: "choice", choices: ["a"] } },
    {
      openai: "responseFormat.type",
      mistral: "responseFormat.type",
      mistralrs: "responseFormat.type",
      wick: { response_format: { type: "choice", choices: ["a"] } },
    },
  ],
  ["tools", { tools: [weather] }, all({ tools: [weather] })],
  [
    "toolChoice any",
    { tools: [weather], toolChoice: "any" },
    { ...all({ tool_choice: "required" }), mistral: { tool_choice: "any" } },
  ],
  [
    "toolChoice required",
    { tools: [weather], toolChoice: "required" },
    { ...all({ tool_choice: "required" }), mistral: { tool_choice: "any" } },
  ],
  ["toolChoice none", { toolChoice: "none" }, all({ tool_choice: "none" })],
  [
    "parallelToolCalls",
    { parallelToolCalls: false },
    { ...all({ parallel_tool_calls: false }), mistralrs: "parallelToolCalls" },
  ],
  ["reasoning.effort", { reasoning: { effort: "high" } }, all({ reasoning_effort: "high" })],
  [
    "reasoning.maxTokens",
    { reasoning: { maxTokens: 9 } },
    {
      openai: "reasoning.maxTokens",
      mistral: "reasoning.maxTokens",
      mistralrs: "reasoning.maxTokens",
      wick: { reasoning_max_tokens: 9 },
    },
  ],
  [
    "safePrompt",
    { safePrompt: true },
    { openai: "safePrompt", mistral: { safe_prompt: true }, mistralrs: "safePrompt", wick: { safe_prompt: true } },
  ],
  [
    "chatTemplateKwargs",
    { chatTemplateKwargs: { a: 1 } },
    {
      openai: "chatTemplateKwargs",
      mistral: "chatTemplateKwargs",
      mistralrs: { chat_template_kwargs: { a: 1 } },
      wick: { chat_template_kwargs: { a: 1 } },
    },
  ],
  [
    "promptProgress",
    { promptProgress: true },
    {
      openai: "promptProgress",
      mistral: "promptProgress",
      mistralrs: "promptProgress",
      wick: { prompt_progress: true },
    },
  ],
  [
    "maxToolRounds",
    { maxToolRounds: 3 },
    {
      openai: "maxToolRounds",
      mistral: "maxToolRounds",
      mistralrs: { max_tool_rounds: 3 },
      wick: { max_tool_rounds: 3 },
    },
  ],
  [
    "tools of the host",
    { tools: [{ type: "web_search" }] },
    { ...all({ tools: [{ type: "web_search" }] }), openai: "tools[0]" },
  ],
  ["extraBody", { extraBody: { guardrails: [1] } }, all({ guardrails: [1] })],
];

function all(value: object): Readonly<Record<ProviderName, object>> {
  return { openai: value, mistral: value, mistralrs: value, wick: value };
}

describe.each<ProviderName>(["openai", "mistral", "mistralrs", "wick"])("fields of a chat: %s", (provider) => {
  test.each(table)("%s", async (_, request, expected) => {
    const wanted = expected[provider];
    const isRefused = typeof wanted === "string";
    const came = isRefused ? await refusal(provider, request) : (await sent(provider, request)).body;
    expect(came).toMatchObject(isRefused ? { code: "unsupported", where: wanted } : wanted);
  });

  test("what is not set is not sent", async () => {
    const { body } = await sent(provider, { temperature: undefined, tools: undefined });
    const always = provider === "openai" ? { stream: true, stream_options: { include_usage: true } } : { stream: true };
    expect(body).toEqual({ model: "m", ...always, messages });
  });

  test.each<[object, string]>([
    [{ temprature: 1 }, "temprature"],
    [{ temperature: null }, "temperature"],
    [{ temperature: Number.NaN }, "temperature"],
    [{ messages: undefined }, "messages"],
    [{ messages: "Hi" }, "messages"],
    [{ messages: [{ role: "developer", content: "x" }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: [{ type: "video" }] }] }, "messages[0].content[0].type"],
    [{ messages: [{ role: "user", content: "x", nmae: "y" }] }, "messages[0].nmae"],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].toolCallId"],
    [{ messages: [{ role: "assistant", toolCalls: [{ id: 1 }] }] }, "messages[0].toolCalls[0]"],
    [{ messages: [{ role: "assistant", content: "a", prefix: 1 }] }, "messages[0].prefix"],
    [{ tools: [{ type: "function", function: { name: "f" } }] }, "tools[0].function"],
    [{ toolChoice: "maybe" }, "toolChoice"],
    [{ responseFormat: { type: "xml" } }, "responseFormat.type"],
    [{ reasoning: { effort: "huge" } }, "reasoning.effort"],
    [{ extraBody: [1] }, "extraBody"],
    [JSON.parse('{"__proto__": {"a": 1}}'), "__proto__"],
  ])("%j is invalid_request", async (request, where) => {
    // The last one has a key of that name, which a spread would lose.
    const given = Object.hasOwn(request, "__proto__") ? Object.assign(request, { messages }) : { messages, ...request };
    await using host = await loopbackHost(sends(""));
    const responses = await collect(host.connect({ provider }).chat.stream(given as ChatRequest));
    expect(responses).toMatchObject([{ kind: "validation_error", error: { code: "invalid_request", where } }]);
    expect(host.received).toHaveLength(0);
  });
});

test("what looks like a tool that Wick runs, and was not made by tool(), is refused", async () => {
  const tool = { type: "executable", name: "t", description: "", parameters: {}, needsApproval: false };
  expect(await refusal("openai", { tools: [tool] })).toMatchObject({ code: "invalid_request", where: "tools[0]" });
});

describe("what goes along", () => {
  test("the key, headers of the model and of the call, and what streams are asked for", async () => {
    await using host = await loopbackHost(sends(said("a") + ended() + done));
    const model = host.connect({
      apiKey: "k",
      extraHeaders: { "x-a": "1", "x-b": "1" },
      extraBody: { user: "u", temperature: 0 },
    });
    await model.chat.complete(
      { messages, temperature: 1, extraBody: { top_k: 3, stream_options: null } },
      { headers: { "x-b": "2" } },
    );
    expect(host.received[0]).toMatchObject({
      headers: {
        authorization: "Bearer k",
        "x-a": "1",
        "x-b": "2",
        accept: "text/event-stream, application/json;q=0.9",
        "content-type": "application/json",
      },
      body: { user: "u", temperature: 1, top_k: 3, stream_options: null },
    });
  });

  test.each(["wick", "openai"] as const)("%s is asked for its own wire form", async (provider) => {
    const { headers } = await sent(provider, {});
    expect(headers.accept).toContain(provider === "wick" ? "application/vnd.wick.response+sse" : "text/event-stream");
  });

  test("headers that cannot be sent are refused, and not repeated", async () => {
    await using host = await loopbackHost(sends(""));
    const responses = await collect(
      host.connect().chat.stream({ messages }, { headers: { "x-key": "secret\nvalue" } }),
    );
    expect(responses).toMatchObject([
      { kind: "validation_error", error: { code: "invalid_request", where: "options.headers" } },
    ]);
    expect(JSON.stringify(responses)).not.toContain("secret");
  });

  test("a request is read at once", async () => {
    await using host = await loopbackHost(sends(said("a") + ended() + done));
    const mine = [{ role: "user" as const, content: "before" }];
    const stream = host.connect().chat.stream({ messages: mine });
    mine[0] = { role: "user", content: "after" };
    await collect(stream);
    expect(host.received[0]?.body["messages"]).toEqual([{ role: "user", content: "before" }]);
  });
});

test("OpenAI itself has names that its imitators do not know", async () => {
  const bodies: Record<string, unknown>[] = [];
  const fetch = async (_: unknown, init?: RequestInit) => {
    bodies.push(JSON.parse(String(init?.body)));
    return new Response(said("a") + ended() + done, { headers: { "content-type": "text/event-stream" } });
  };
  const request: ChatRequest = {
    maxTokens: 5,
    messages: [
      ...messages,
      { role: "assistant", content: "a", reasoningContent: "Hm" },
      { role: "user", content: "b" },
    ],
  };
  await connect({ provider: "openai", model: "m", fetch }).chat.complete(request);
  await connect({ provider: "openai", model: "m", fetch, baseURL: "https://api.openai.com/v1" }).chat.complete(request);
  await connect({ provider: "openai", model: "m", fetch, baseURL: "http://localhost:1" }).chat.complete(request);
  expect(bodies[0]).toMatchObject({ max_completion_tokens: 5, messages: { 1: { role: "assistant", content: "a" } } });
  expect(bodies[0]?.["messages"]).not.toMatchObject({ 1: { reasoning_content: "Hm" } });
  expect(bodies[1]).toEqual(bodies[0]);
  expect(bodies[2]).toMatchObject({ max_tokens: 5, messages: { 1: { reasoning_content: "Hm" } } });
});
