import { describe, expect, test } from "vitest";
import type { AgentRequest, ChatRequest, CompletionRequest, ConnectOptions, FimRequest, Message } from "wick";
import { collect } from "../../../../test/conformance/chunks.js";
import { connect } from "../../src/remote/connect.js";
import { newToolCallId, nineLetterId } from "../../src/remote/request/tool-call-id.js";
import { done, ended, loopbackHost, messages, said, sends } from "./loopback-host.js";

type ProviderName = ConnectOptions["provider"];

/** What a host receives for a chat. */
async function sent(provider: ProviderName, request: Partial<AgentRequest>, options: Partial<ConnectOptions> = {}) {
  await using host = await loopbackHost(sends(said("a") + ended() + done));
  await collect(host.connect({ provider, ...options }).chat.stream({ messages, ...request } as ChatRequest));
  const [received] = host.received;
  if (received === undefined) throw new Error("nothing was sent");
  return received;
}

/** What a request is refused with, before anything is sent. */
async function refusal(provider: ProviderName, request: object) {
  await using host = await loopbackHost(sends(""));
  const responses = await collect(host.connect({ provider }).chat.stream({ messages, ...request } as ChatRequest));
  expect(host.received).toHaveLength(0);
  expect(responses).toHaveLength(1);
  const [response] = responses;
  if (response?.kind !== "validation_error") throw new Error(JSON.stringify(response));
  return response.error;
}

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
  ["randomSeed", { randomSeed: 7 }, { openai: { seed: 7 }, mistral: { random_seed: 7 }, mistralrs: "randomSeed", wick: { seed: 7 } }],
  ["n", { n: 2 }, all({ n: 2 })],
  ["minTokens", { minTokens: 2 }, { openai: "minTokens", mistral: "minTokens", mistralrs: "minTokens", wick: { min_tokens: 2 } }],
  ["ignoreEos", { ignoreEos: true }, { openai: "ignoreEos", mistral: "ignoreEos", mistralrs: { ignore_eos: true }, wick: { ignore_eos: true } }],
  ["priority", { priority: 1 }, { openai: "priority", mistral: "priority", mistralrs: "priority", wick: { priority: 1 } }],
  ["frequencyPenalty", { frequencyPenalty: 1 }, all({ frequency_penalty: 1 })],
  ["presencePenalty", { presencePenalty: 1 }, all({ presence_penalty: 1 })],
  ["repetitionPenalty", { repetitionPenalty: 1.1 }, { openai: "repetitionPenalty", mistral: "repetitionPenalty", mistralrs: { repetition_penalty: 1.1 }, wick: { repetition_penalty: 1.1 } }],
  [
    "dry",
    { dry: { multiplier: 0.8, allowedLength: 3 } },
    { openai: "dry", mistral: "dry", mistralrs: { dry_multiplier: 0.8, dry_allowed_length: 3 }, wick: { dry: { multiplier: 0.8, allowed_length: 3 } } },
  ],
  ["logitBias", { logitBias: { 5: 1 } }, { ...all({ logit_bias: { 5: 1 } }), mistral: "logitBias" }],
  ["logprobs", { logprobs: true }, { ...all({ logprobs: true }), mistral: "logprobs" }],
  ["topLogprobs", { topLogprobs: 2 }, { ...all({ top_logprobs: 2 }), mistral: "topLogprobs" }],
  ["responseFormat text", { responseFormat: { type: "text" } }, all({ response_format: { type: "text" } })],
  ["responseFormat json_object", { responseFormat: { type: "json_object" } }, all({ response_format: { type: "json_object" } })],
  [
    "responseFormat json_schema",
    { responseFormat: { type: "json_schema", jsonSchema: schema } },
    all({ response_format: { type: "json_schema", json_schema: { name: "s", schema: { type: "object" }, strict: true } } }),
  ],
  [
    "responseFormat regex",
    { responseFormat: { type: "regex", regex: "a+" } },
    { openai: "responseFormat.type", mistral: "responseFormat.type", mistralrs: { grammar: { type: "regex", value: "a+" } }, wick: { response_format: { type: "regex", regex: "a+" } } },
  ],
  [
    "responseFormat lark",
    { responseFormat: { type: "lark", grammar: "start: A" } },
    { openai: "responseFormat.type", mistral: "responseFormat.type", mistralrs: { grammar: { type: "lark", value: "start: A" } }, wick: { response_format: { type: "lark", grammar: "start: A" } } },
  ],
  [
    "responseFormat choice",
    { responseFormat: { type: "choice", choices: ["a"] } },
    { openai: "responseFormat.type", mistral: "responseFormat.type", mistralrs: "responseFormat.type", wick: { response_format: { type: "choice", choices: ["a"] } } },
  ],
  ["tools", { tools: [weather] }, all({ tools: [weather] })],
  ["toolChoice any", { tools: [weather], toolChoice: "any" }, { ...all({ tool_choice: "required" }), mistral: { tool_choice: "any" } }],
  ["toolChoice required", { tools: [weather], toolChoice: "required" }, { ...all({ tool_choice: "required" }), mistral: { tool_choice: "any" } }],
  ["toolChoice none", { toolChoice: "none" }, all({ tool_choice: "none" })],
  ["parallelToolCalls", { parallelToolCalls: false }, { ...all({ parallel_tool_calls: false }), mistralrs: "parallelToolCalls" }],
  ["reasoning.effort", { reasoning: { effort: "high" } }, all({ reasoning_effort: "high" })],
  [
    "reasoning.maxTokens",
    { reasoning: { maxTokens: 9 } },
    { openai: "reasoning.maxTokens", mistral: "reasoning.maxTokens", mistralrs: "reasoning.maxTokens", wick: { reasoning_max_tokens: 9 } },
  ],
  ["safePrompt", { safePrompt: true }, { openai: "safePrompt", mistral: { safe_prompt: true }, mistralrs: "safePrompt", wick: { safe_prompt: true } }],
  [
    "chatTemplateKwargs",
    { chatTemplateKwargs: { a: 1 } },
    { openai: "chatTemplateKwargs", mistral: "chatTemplateKwargs", mistralrs: { chat_template_kwargs: { a: 1 } }, wick: { chat_template_kwargs: { a: 1 } } },
  ],
  ["promptProgress", { promptProgress: true }, { openai: "promptProgress", mistral: "promptProgress", mistralrs: "promptProgress", wick: { prompt_progress: true } }],
  ["maxToolRounds", { maxToolRounds: 3 }, { openai: "maxToolRounds", mistral: "maxToolRounds", mistralrs: { max_tool_rounds: 3 }, wick: { max_tool_rounds: 3 } }],
  ["tools of the host", { tools: [{ type: "web_search" }] }, { ...all({ tools: [{ type: "web_search" }] }), openai: "tools[0]" }],
  ["extraBody", { extraBody: { guardrails: [1] } }, all({ guardrails: [1] })],
];

function all(value: object): Readonly<Record<ProviderName, object>> {
  return { openai: value, mistral: value, mistralrs: value, wick: value };
}

describe.each<ProviderName>(["openai", "mistral", "mistralrs", "wick"])("fields of a chat: %s", (provider) => {
  test.each(table)("%s", async (_, request, expected) => {
    const wanted = expected[provider];
    if (typeof wanted === "string") {
      expect(await refusal(provider, request)).toMatchObject({ code: "unsupported", where: wanted });
    } else {
      const { body } = await sent(provider, request);
      expect(body).toMatchObject(wanted);
    }
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

test("a tool that Wick would run is refused", async () => {
  const tool = { type: "executable", name: "t", description: "", parameters: {}, needsApproval: false };
  expect(await refusal("openai", { tools: [tool] })).toMatchObject({ code: "unsupported", where: "tools[0]" });
});

describe("messages", () => {
  const conversation: Message[] = [
    { role: "system", content: [{ type: "text", text: "Be brief." }] },
    { role: "user", content: [{ type: "text", text: "Look" }, { type: "image_url", imageUrl: { url: "data:image/png;base64,AA", detail: "low" } }] },
    {
      role: "assistant",
      content: "Let me see.",
      reasoningContent: "Hm",
      reasoningSignature: "sig",
      toolCalls: [{ id: "call_with_a_long_id", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", toolCallId: "call_with_a_long_id", content: "19", name: "f" },
    { role: "assistant", content: [{ type: "thinking", thinking: [{ type: "text", text: "So" }], signature: "s2" }, { type: "text", text: "19" }] },
    { role: "user", content: "Thanks" },
  ];

  test("of OpenAI's compatible hosts", async () => {
    const { body } = await sent("openai", { messages: conversation });
    expect(body["messages"]).toEqual([
      { role: "system", content: [{ type: "text", text: "Be brief." }] },
      { role: "user", content: [{ type: "text", text: "Look" }, { type: "image_url", image_url: { url: "data:image/png;base64,AA", detail: "low" } }] },
      {
        role: "assistant",
        content: "Let me see.",
        reasoning_content: "Hm",
        tool_calls: [{ id: "call_with_a_long_id", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "call_with_a_long_id", content: "19", name: "f" },
      { role: "assistant", content: [{ type: "text", text: "19" }], reasoning_content: "So" },
      { role: "user", content: "Thanks" },
    ]);
  });

  test("of Mistral: thoughts are one leading part, ids have nine letters", async () => {
    const { body } = await sent("mistral", { messages: conversation });
    const [, , assistant, tool, later] = body["messages"] as Record<string, unknown>[];
    const id = nineLetterId("call_with_a_long_id");
    expect(id).toMatch(/^[A-Za-z0-9]{9}$/);
    expect(assistant).toEqual({
      role: "assistant",
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "Hm" }], signature: "sig", closed: true },
        { type: "text", text: "Let me see." },
      ],
      tool_calls: [{ id, type: "function", function: { name: "f", arguments: "{}" } }],
    });
    expect(tool).toMatchObject({ tool_call_id: id });
    expect(later).toMatchObject({ content: [{ type: "thinking", signature: "s2" }, { type: "text", text: "19" }] });
  });

  test("of Wick: nothing is lost", async () => {
    const { body } = await sent("wick", { messages: [...conversation, { role: "assistant", content: "It", prefix: true }] });
    expect(body["messages"]).toMatchObject({
      2: { reasoning_content: "Hm", reasoning_signature: "sig" },
      4: { reasoning_content: "So", reasoning_signature: "s2" },
      6: { content: "It", prefix: true },
    });
  });

  test("prefix: Mistral has it, OpenAI's API does not", async () => {
    const begun: Message[] = [...messages, { role: "assistant", content: "It", prefix: true }];
    expect((await sent("mistral", { messages: begun })).body["messages"]).toMatchObject({ 1: { content: "It", prefix: true } });
    expect(await refusal("openai", { messages: begun })).toMatchObject({ code: "unsupported", where: "messages[1].prefix" });
  });

  test("sounds and documents", async () => {
    const sound = (inputAudio: string) => [{ role: "user" as const, content: [{ type: "input_audio" as const, inputAudio }] }];
    const paper = [{ role: "user" as const, content: [{ type: "document_url" as const, documentUrl: "https://a/b.pdf", documentName: "b" }] }];
    expect((await sent("openai", { messages: sound("data:audio/mpeg;base64,AA") })).body["messages"]).toMatchObject({
      0: { content: [{ type: "input_audio", input_audio: { data: "AA", format: "mp3" } }] },
    });
    expect((await sent("mistral", { messages: sound("https://a/b.mp3") })).body["messages"]).toMatchObject({
      0: { content: [{ type: "input_audio", input_audio: "https://a/b.mp3" }] },
    });
    expect((await sent("mistral", { messages: paper })).body["messages"]).toMatchObject({
      0: { content: [{ type: "document_url", document_url: "https://a/b.pdf", document_name: "b" }] },
    });
    expect(await refusal("openai", { messages: paper })).toMatchObject({ code: "unsupported", where: "messages[0].content[0]" });
  });
});

test("ids that we make up are taken by every host", () => {
  const ids = Array.from({ length: 1000 }, newToolCallId);
  expect(ids.every((id) => /^[A-Za-z0-9]{9}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(1000);
  const long = Array.from({ length: 1000 }, (_, at) => nineLetterId(`call_${at}`));
  expect(new Set(long).size).toBe(1000);
  expect(nineLetterId("abcDEF123")).toBe("abcDEF123");
});

test("OpenAI itself has names that its imitators do not know", async () => {
  const bodies: Record<string, unknown>[] = [];
  const fetch = async (_: unknown, init?: RequestInit) => {
    bodies.push(JSON.parse(String(init?.body)));
    return new Response(said("a") + ended() + done, { headers: { "content-type": "text/event-stream" } });
  };
  const request: ChatRequest = {
    maxTokens: 5,
    messages: [...messages, { role: "assistant", content: "a", reasoningContent: "Hm" }, { role: "user", content: "b" }],
  };
  await connect({ provider: "openai", model: "m", fetch }).chat.complete(request);
  await connect({ provider: "openai", model: "m", fetch, baseURL: "https://api.openai.com/v1" }).chat.complete(request);
  await connect({ provider: "openai", model: "m", fetch, baseURL: "http://localhost:1" }).chat.complete(request);
  expect(bodies[0]).toMatchObject({ max_completion_tokens: 5, messages: { 1: { role: "assistant", content: "a" } } });
  expect(bodies[0]?.["messages"]).not.toMatchObject({ 1: { reasoning_content: "Hm" } });
  expect(bodies[1]).toEqual(bodies[0]);
  expect(bodies[2]).toMatchObject({ max_tokens: 5, messages: { 1: { reasoning_content: "Hm" } } });
});

describe("what goes along", () => {
  test("the key, headers of the model and of the call, and what streams are asked for", async () => {
    await using host = await loopbackHost(sends(said("a") + ended() + done));
    const model = host.connect({ apiKey: "k", extraHeaders: { "x-a": "1", "x-b": "1" }, extraBody: { user: "u", temperature: 0 } });
    await model.chat.complete({ messages, temperature: 1, extraBody: { top_k: 3, stream_options: null } }, { headers: { "x-b": "2" } });
    expect(host.received[0]).toMatchObject({
      headers: { authorization: "Bearer k", "x-a": "1", "x-b": "2", accept: "text/event-stream", "content-type": "application/json" },
      body: { user: "u", temperature: 1, top_k: 3, stream_options: null },
    });
  });

  test.each(["wick", "openai"] as const)("%s is asked for its own wire form", async (provider) => {
    const { headers } = await sent(provider, {});
    expect(headers.accept).toContain(provider === "wick" ? "application/vnd.wick.response+sse" : "text/event-stream");
  });

  test("headers that cannot be sent are refused, and not repeated", async () => {
    await using host = await loopbackHost(sends(""));
    const responses = await collect(host.connect().chat.stream({ messages }, { headers: { "x-key": "secret\nvalue" } }));
    expect(responses).toMatchObject([{ kind: "validation_error", error: { code: "invalid_request", where: "options.headers" } }]);
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

describe("raw text and holes", () => {
  const text = (piece: string, reason: string | null = null) =>
    `data: ${JSON.stringify({ id: "t", object: "text_completion", created: 1, model: "m", choices: [{ index: 0, text: piece, finish_reason: reason, logprobs: null }] })}\n\n`;

  test.each<[ProviderName, string, object]>([
    ["openai", "/v1/completions", { prompt: "Once", max_tokens: 5, logprobs: 2 }],
    ["wick", "/v1/completions", { prompt: "Once", max_tokens: 5, logprobs: true, top_logprobs: 2 }],
  ])("completions of %s", async (provider, path, body) => {
    const wire = provider === "wick" ? null : text("upon") + text(" a time", "stop") + done;
    const ours = [
      { kind: "completion_chunk", id: "t", model: "m", created: 1, choices: [{ index: 0, text: "upon a time", finishReason: "stop" }] },
      { kind: "completion_done", completion: { object: "text_completion", id: "t", model: "m", created: 1, choices: [{ index: 0, text: "upon a time", finishReason: "stop" }] } },
    ];
    const sentBack = wire ?? ours.map((response) => `event: response\ndata: ${JSON.stringify(response)}\n\n`).join("");
    await using host = await loopbackHost(sends(sentBack));
    const request: CompletionRequest = { prompt: "Once", maxTokens: 5, logprobs: true, topLogprobs: 2 };
    const whole = await host.connect({ provider }).completions.complete(request);
    expect(whole).toMatchObject({ object: "text_completion", choices: [{ text: "upon a time", finishReason: "stop" }] });
    expect(host.received[0]).toMatchObject({ path, body: { model: "m", ...body } });
  });

  test("logprobs of raw text", async () => {
    const logprobs = { tokens: ["a", "b"], token_logprobs: [null, -1], top_logprobs: [null, { b: -1, c: -2 }], text_offset: [0, 1] };
    const choice = { index: 0, text: "ab", finish_reason: "stop", logprobs };
    await using host = await loopbackHost(sends(`data: ${JSON.stringify({ choices: [choice] })}\n\n`));
    const whole = await host.connect().completions.complete({ prompt: "x" });
    expect(whole.choices[0].logprobs).toEqual([
      { token: "b", id: -1, logprob: -1, top: [{ token: "b", id: -1, logprob: -1 }, { token: "c", id: -1, logprob: -2 }] },
    ]);
  });

  test("Mistral's holes are answered by chunks of chats; it has no raw text", async () => {
    await using host = await loopbackHost(sends(said("mid") + said("dle") + ended() + done));
    const model = host.connect({ provider: "mistral" });
    const request: FimRequest = { prompt: "a", suffix: "b", minTokens: 2, randomSeed: 3 };
    const responses = await collect(model.fim.stream(request));
    expect(responses.map(({ kind }) => kind)).toEqual(["completion_chunk", "completion_chunk", "completion_chunk", "completion_done"]);
    expect(responses.at(-1)).toMatchObject({ completion: { choices: [{ text: "middle", finishReason: "stop" }] } });
    expect(host.received[0]).toMatchObject({ path: "/v1/fim/completions", body: { prompt: "a", suffix: "b", min_tokens: 2, random_seed: 3, stream: true } });
    expect(await collect(model.completions.stream({ prompt: "a" }))).toMatchObject([{ kind: "validation_error", error: { code: "unsupported", where: "completions" } }]);
    expect(await collect(model.fim.stream({ prompt: "a", n: 2 }))).toMatchObject([{ kind: "validation_error", error: { code: "unsupported", where: "n" } }]);
  });

  test("an error in the middle is completion_model_error", async () => {
    await using host = await loopbackHost(sends(`${text("a")}data: {"error":{"message":"boom"}}\n\n`));
    const responses = await collect(host.connect().completions.stream({ prompt: "x" }));
    expect(responses.at(-1)).toMatchObject({ kind: "completion_model_error", partial: { object: "text_completion", choices: [{ text: "a" }] } });
  });
});

describe("embeddings", () => {
  const vectors = (...rows: number[][]) =>
    JSON.stringify({ object: "list", model: "e", data: rows.map((embedding, at) => ({ index: rows.length - 1 - at, embedding })).toReversed(), usage: { prompt_tokens: 3, total_tokens: 3 } });
  const json = { "content-type": "application/json" };

  test.each<[ProviderName, string]>([["openai", "dimensions"], ["mistral", "output_dimension"], ["wick", "dimensions"]])(
    "of %s, in the order of the texts and of length 1",
    async (provider, dimensions) => {
      await using host = await loopbackHost(sends(vectors([3, 4], [0, 2]), json));
      const list = await host.connect({ provider }).embeddings.create({ inputs: ["a", "b"], dimensions: 2 });
      expect(list.data).toEqual([{ index: 0, embedding: [0, 1] }, { index: 1, embedding: [0.6, 0.8] }]);
      expect(list).toMatchObject({ object: "list", model: "e", usage: { promptTokens: 3, totalTokens: 3 } });
      expect(host.received[0]).toMatchObject({ path: "/v1/embeddings", body: { model: "m", input: ["a", "b"], [dimensions]: 2 } });
    },
  );

  test("as the host has them", async () => {
    await using host = await loopbackHost(sends(vectors([3, 4]), json));
    const list = await host.connect().embeddings.create({ inputs: "a", normalize: false });
    expect(list.data[0]?.embedding).toEqual([3, 4]);
  });

  test.each(["<html>", "{}", vectors([1]), '{"data":[{"embedding":"AAAA"},{"embedding":[1]}]}'])("%s is stream_protocol", async (body) => {
    await using host = await loopbackHost(sends(body, json));
    await expect(host.connect().embeddings.create({ inputs: ["a", "b"] })).rejects.toMatchObject({ code: "stream_protocol" });
  });

  test("are tried again, end with their signal, and are refused typed", async () => {
    await using host = await loopbackHost((response, _, count) =>
      count === 0 ? response.writeHead(503).end() : count === 1 ? response.writeHead(200, json).end(vectors([1])) : undefined,
    );
    const model = host.connect({ maxRetries: 1 });
    expect((await model.embeddings.create({ inputs: "a" })).data).toHaveLength(1);
    const pending = model.embeddings.create({ inputs: "a" }, { signal: AbortSignal.timeout(50) });
    await expect(pending).rejects.toMatchObject({ code: "cancelled", name: "AbortError" });
    await expect(model.embeddings.create({ inputs: "a" }, { timeoutMs: 50 })).rejects.toMatchObject({ code: "timeout" });
    await expect(model.embeddings.create({ inptus: "a" } as never)).rejects.toMatchObject({ code: "invalid_request", info: { where: "inptus" } });
  });
});

describe("tools that mistral.rs runs", () => {
  const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  const progress = (phase: string, data: object) => event("agentic_tool_call_progress", { type: "agentic_tool_call_progress", round: 0, tool_name: "search", phase, data });
  const asks = event("agentic_tool_approval_required", {
    type: "agentic_tool_approval_required",
    approval_id: "appr_1",
    session_id: "s",
    round: 0,
    tool: { source: "built_in", kind: "web_search", label: "search" },
    arguments: { query: "x" },
  });
  const before = progress("calling", { tool_type: "custom", arguments: '{"query":"x"}' }) + asks;
  const after = progress("complete", { tool_type: "custom", content: "found" }) + event("file_produced", { id: "f" }) + said("a") + ended() + done;

  /** A host that waits for the answer to what its tool asks. */
  const agentic = () => {
    let go: (() => void) | undefined;
    return loopbackHost((response, { path }) => {
      if (path.startsWith("/v1/agent/approvals/")) {
        if (!path.endsWith("/appr_1")) return response.writeHead(404).end('{"status":"not_found"}');
        go?.();
        return response.writeHead(200).end('{"status":"resolved"}');
      }
      response.writeHead(200, { "content-type": "text/event-stream" }).write(before);
      go = () => response.end(after);
      return undefined;
    });
  };
  const server = { type: "server" as const, agent_permission: "ask" };

  test("are told and asked for as our kinds", async () => {
    await using host = await agentic();
    const stream = host.connect({ provider: "mistralrs" }).chat.stream({ messages, tools: [server, weather] });
    const responses = [];
    for await (const response of stream) {
      responses.push(response);
      if (response.kind === "agentic_tool_approval_required") await stream.approve(response.approvalId, { remember: true });
    }
    expect(responses).toMatchObject([
      { kind: "agentic_tool_call_progress", round: 0, callId: "round-0", toolName: "search", input: { query: "x" }, phase: { kind: "calling" } },
      { kind: "agentic_tool_approval_required", approvalId: "appr_1", round: 0, callId: "round-0", toolName: "search", input: { query: "x" } },
      { kind: "agentic_tool_call_progress", phase: { kind: "complete", output: "found" } },
      { kind: "chunk", upstream: [{ event: "file_produced", data: { id: "f" } }] },
      { kind: "chunk" },
      { kind: "done" },
    ]);
    expect(host.received[0]?.body).toMatchObject({ agent_permission: "ask", max_tool_rounds: 8, tools: [weather] });
    expect(host.received[1]).toMatchObject({ path: "/v1/agent/approvals/appr_1", body: { decision: "approve", remember_for_session: true } });
    await expect(stream.deny("late")).rejects.toMatchObject({ code: "not_found" });
  });

  test("ask a function instead", async () => {
    await using host = await agentic();
    const onApproval = async ({ toolName }: { toolName: string }) => toolName === "search";
    const responses = await collect(host.connect({ provider: "mistralrs" }).chat.stream({ messages, tools: [server], onApproval }));
    expect(responses.map(({ kind }) => kind)).not.toContain("agentic_tool_approval_required");
    expect(host.received[1]?.body).toMatchObject({ decision: "approve" });
  });

  test.each<[string, object]>([
    ["that nobody asked for are denied, and not told", {}],
    ["are denied where the function fails", { tools: [server], onApproval: () => Promise.reject(new Error("mine")) }],
  ])("%s", async (_, request) => {
    await using host = await agentic();
    const responses = await collect(host.connect({ provider: "mistralrs" }).chat.stream({ messages, ...request } as ChatRequest));
    expect(responses.map(({ kind }) => kind)).not.toContain("agentic_tool_approval_required");
    expect(host.received[1]?.body).toMatchObject({ decision: "deny" });
    expect(responses.at(-1)?.kind).toBe("done");
  });

  test.each<[string, (host: Awaited<ReturnType<typeof agentic>>) => Promise<unknown>]>([
    ["complete()", (host) => host.connect({ provider: "mistralrs" }).chat.complete({ messages, tools: [server] } as never)],
    ["text()", async (host) => {
      let text = "";
      for await (const piece of host.connect({ provider: "mistralrs" }).chat.stream({ messages, tools: [server] }).text()) text += piece;
      return text;
    }],
  ])("are denied by %s, since nobody could answer", async (_, read) => {
    await using host = await agentic();
    expect(JSON.stringify(await read(host))).toContain("a");
    expect(host.received[1]?.body).toMatchObject({ decision: "deny", message: "Nobody is there to ask." });
  });

  test("onApproval is unsupported where no one asks", async () => {
    expect(await refusal("openai", { onApproval: () => true })).toMatchObject({ code: "unsupported", where: "onApproval" });
  });
});

describe("Model.connect refuses", () => {
  const whole = { provider: "openai", model: "m" };

  test.each<[unknown, string]>([
    [undefined, "options"],
    [{}, "options.provider"],
    [{ ...whole, provider: "anthropic" }, "options.provider"],
    [{ ...whole, provider: "__proto__" }, "options.provider"],
    [{ ...whole, model: "" }, "options.model"],
    [{ ...whole, modle: "x" }, "options.modle"],
    [{ ...whole, apiKey: null }, "options.apiKey"],
    [{ ...whole, apiKey: "" }, "options.apiKey"],
    [{ ...whole, apiKey: "key\n" }, "options.apiKey"],
    [{ ...whole, apiKey: 7 }, "options.apiKey"],
    [{ ...whole, baseURL: "localhost:8080" }, "options.baseURL"],
    [{ ...whole, baseURL: "nonsense" }, "options.baseURL"],
    [{ ...whole, baseURL: "http://user:pass@host" }, "options.baseURL"],
    [{ ...whole, baseURL: "http://a", endpoints: ["http://b"] }, "options.endpoints"],
    [{ ...whole, endpoints: [] }, "options.endpoints"],
    [{ ...whole, endpoints: ["http://a", "x"] }, "options.endpoints[1]"],
    [{ ...whole, provider: "wick" }, "options.baseURL"],
    [{ ...whole, provider: "mistralrs" }, "options.baseURL"],
    [{ ...whole, fetch: 7 }, "options.fetch"],
    [{ ...whole, extraHeaders: { "bad name": "x" } }, "options.extraHeaders"],
    [{ ...whole, extraHeaders: { a: 7 } }, "options.extraHeaders"],
    [{ ...whole, extraBody: { a: () => 1 } }, "options.extraBody.a"],
    [{ ...whole, connectTimeoutMs: 0 }, "options.connectTimeoutMs"],
    [{ ...whole, idleTimeoutMs: "5" }, "options.idleTimeoutMs"],
    [{ ...whole, totalTimeoutMs: Number.POSITIVE_INFINITY }, "options.totalTimeoutMs"],
    [{ ...whole, maxRetries: 1.5 }, "options.maxRetries"],
    [{ ...whole, maxRetries: 1000 }, "options.maxRetries"],
  ])("%o", (options, where) => {
    expect(() => connect(options as ConnectOptions)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    try {
      connect(options as ConnectOptions);
    } catch (error) {
      expect((error as { info: { where: string } }).info.where).toBe(where);
    }
  });
});

describe("what a remote model cannot do", () => {
  test("is unsupported, with where", async () => {
    await using host = await loopbackHost(sends(""));
    const model = host.connect();
    const calls: Record<string, () => Promise<unknown>> = {
      tokenize: () => model.tokenize("a"),
      detokenize: () => model.detokenize([1]),
      countTokens: () => model.countTokens({ messages }),
      applyChatTemplate: () => model.applyChatTemplate({ messages }),
      logits: () => model.logits([1]),
      schema: () => model.chat.parse({ messages }, {}),
    };
    for (const [where, call] of Object.entries(calls)) {
      await expect(call()).rejects.toMatchObject({ code: "unsupported", info: { where } });
    }
    expect(host.received).toHaveLength(0);
    expect(model.info).toEqual({ id: "m", backend: "remote", capabilities: { tools: true, reasoning: true, fim: true, embeddings: true }, warnings: [] });
    expect(model.trace()).toEqual([]);
  });

  test("Wick's server counts tokens", async () => {
    await using host = await loopbackHost(sends('{"tokens":[1,2],"count":2,"prompt":"ab"}', { "content-type": "application/json" }));
    const model = host.connect({ provider: "wick" });
    expect(await model.tokenize("ab", { special: true })).toEqual([1, 2]);
    expect(await model.detokenize([1, 2])).toBe("ab");
    expect(await model.countTokens({ messages })).toBe(2);
    expect(host.received.map(({ path }) => path)).toEqual(["/v1/tokenize", "/v1/detokenize", "/v1/tokenize"]);
    expect(host.received[0]?.body).toEqual({ model: "m", prompt: "ab", special: true });
    expect(host.received[2]?.body).toMatchObject({ messages });
  });
});
