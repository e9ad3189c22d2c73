// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Fields that would change what an answer may be and that this server does not have: to ignore one would be a lie. All others that
// nobody knows are ignored, or refused where the program wants that.

import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { contentOf } from "./support/chat-chunks.ts";
import { capital, capitalAnswer, story } from "./support/questions.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

const messages = [{ role: "user", content: "Hi" }];
const calls = {
  "/v1/chat/completions": { ...capital },
  "/v1/completions": { prompt: "Once", max_tokens: 2 },
  "/v1/fim/completions": { prompt: "a", suffix: "b", max_tokens: 2 },
  "/v1/embeddings": { input: "red" },
  "/v1/responses": { input: "Hi", max_output_tokens: 2 },
  "/v1/messages": { messages, max_tokens: 2 },
  "/v1/messages/count_tokens": { messages },
  "/v1/tokenize": { prompt: "Once" },
  "/v1/detokenize": { tokens: [1] },
};
let model: Model;
let server: TestServer;
let strict: TestServer;

beforeAll(async () => {
  model = await Model.load(demoModel());
  server = testServer(model);
  strict = testServer(model, { strict: true });
});
afterAll(() => model.close());

describe("a field of other servers", () => {
  test.each<[string, unknown]>([
    ["functions", [{ name: "a" }]],
    ["function_call", "auto"],
    ["guided_json", { type: "object" }],
    ["guided_regex", "a+"],
    ["guided_grammar", "root ::= 'a'"],
    ["guided_choice", ["a", "b"]],
    ["structured_outputs", { regex: "a+" }],
    ["grammar", "root ::= 'a'"],
    ["json_schema", { type: "object" }],
    ["guardrails", []],
    ["web_search_options", {}],
    ["audio", { voice: "alloy" }],
    ["best_of", 2],
    ["lora", [{ id: 0 }]],
    ["stop_token_ids", [1]],
    ["bad_words", ["no"]],
    ["allowed_token_ids", [1]],
    ["prompt_logprobs", 1],
  ])("%s is unsupported, with what to send instead, on every call; null is nothing", async (name, value) => {
    const reading = server.post("/v1/chat/completions", { ...story, stream: true });
    for (const [address, body] of Object.entries(calls)) {
      // Mistral's clients say false of what they do not want.
      for (const given of [value, 0, "", []]) {
        const answer = await server.post(address, { ...body, [name]: given });
        expect(answer.status, `${address} ${JSON.stringify(given)}`).toBe(400);
        if (address.startsWith("/v1/messages")) {
          expect(answer.json).toMatchObject({ error: { message: expect.stringContaining(name) } });
        } else expect(answer.json).toMatchObject({ error: { code: "unsupported", param: name } });
      }
      expect(await server.post(address, { ...body, [name]: null })).toMatchObject({ status: 200 });
    }
    expect(contentOf((await reading).text)).toBe(contentOf((await server.post("/v1/chat/completions", story)).text));
  });

  test.each<[string, object, string]>([
    ["/v1/chat/completions", { modalities: ["text", "audio"] }, "modalities"],
    ["/v1/chat/completions", { tools: [{ type: "web_search" }] }, "tools[0].type"],
    ["/v1/chat/completions", { tools: [{ type: "mcp", server_url: "http://127.0.0.1" }] }, "tools[0].type"],
    ["/v1/chat/completions", { tool_choice: { type: "allowed_tools" } }, "tool_choice.type"],
    ["/v1/chat/completions", { safe_prompt: true }, "safe_prompt"],
    [
      "/v1/chat/completions",
      { messages: [{ role: "assistant", content: "a", audio: { id: "x" } }] },
      "messages[0].audio",
    ],
    [
      "/v1/chat/completions",
      { messages: [{ role: "user", content: [{ type: "file", file: {} }] }] },
      "messages[0].content[0]",
    ],
    ["/v1/responses", { tools: [{ type: "web_search_preview" }] }, "tools[0].type"],
    ["/v1/responses", { conversation: "conv_1" }, "conversation"],
    ["/v1/responses", { prompt: { id: "pmpt_1" } }, "prompt"],
    ["/v1/responses", { truncation: "auto" }, "truncation"],
    ["/v1/responses", { background: true, stream: true }, "stream"],
    ["/v1/responses", { background: true, store: false }, "store"],
    ["/v1/responses", { input: [{ type: "item_reference", id: "x" }] }, "input[0].type"],
    ["/v1/responses", { input: [{ type: "computer_call_output" }] }, "input[0].type"],
    ["/v1/completions", { prompt: [1, 2], suffix: "b" }, "suffix"],
    ["/v1/completions", { suffix: "b", echo: true }, "echo"],
    ["/v1/embeddings", { output_dtype: "int8" }, "output_dtype"],
  ])("%s with %j", async (address, change, param) => {
    const answer = await server.post(address, { ...calls[address as keyof typeof calls], ...change });
    expect(answer, answer.text).toMatchObject({ status: 400, json: { error: { param } } });
    expect(["unsupported", "invalid_request"]).toContain((answer.json as { error: { code: string } }).error.code);
  });
});

describe("a field of nobody", () => {
  const unknown = { nonsense: 1, "x-vendor": { deep: [1] }, temprature: 2 };

  test("is ignored, and changes nothing", async () => {
    const answer = await server.post("/v1/chat/completions", { ...capital, ...unknown });
    expect(contentOf(answer.text)).toBe(capitalAnswer);
    for (const [address, body] of Object.entries(calls)) {
      expect(await server.post(address, { ...body, ...unknown }), address).toMatchObject({ status: 200 });
    }
  });

  test("is refused by a strict server, with 422 and its place", async () => {
    for (const [address, body] of Object.entries(calls)) {
      if (address.startsWith("/v1/messages")) continue;
      const { status, json } = await strict.post(address, { ...body, temprature: 2 });
      expect(status, address).toBe(422);
      const detail = [{ type: "invalid_request", loc: ["body", "temprature"], msg: expect.any(String), input: null }];
      expect(json).toMatchObject({ error: { param: "temprature", code: "invalid_request" }, detail });
    }
  });

  test("is refused by a strict server in Anthropic's words, too", async () => {
    const answer = await strict.post("/v1/messages", { ...calls["/v1/messages"], temprature: 2 });
    const error = { type: "invalid_request_error", message: expect.stringContaining("temprature") };
    expect(answer).toMatchObject({ status: 422, json: { type: "error", error } });
  });

  test.each<[string, object, string, string[]]>([
    [
      "within a message",
      { messages: [{ role: "user", content: "Hi", nam: "a" }] },
      "messages[0].nam",
      ["body", "messages", "0", "nam"],
    ],
    [
      "within a part",
      { messages: [{ role: "user", content: [{ type: "text", text: "Hi", bold: true }] }] },
      "messages[0].content[0].bold",
      ["body", "messages", "0", "content", "0", "bold"],
    ],
    [
      "within a tool",
      { tools: [{ type: "function", function: { name: "a", returns: "b" } }] },
      "tools[0].function.returns",
      ["body", "tools", "0", "function", "returns"],
    ],
    [
      "within options",
      { stream_options: { usage: true } },
      "stream_options.usage",
      ["body", "stream_options", "usage"],
    ],
  ])("%s is found by a strict server", async (_, change, param, loc) => {
    const answer = await strict.post("/v1/chat/completions", { ...capital, ...change });
    expect(answer).toMatchObject({ status: 422, json: { error: { param }, detail: [{ loc }] } });
  });

  test("that is within what a program calls its own is none", async () => {
    const parameters = { type: "object", properties: { anything: { type: "string", "x-mine": 1 } }, "x-mine": 1 };
    const body = {
      ...capital,
      tools: [{ type: "function", function: { name: "a", parameters } }],
      metadata: { a: "b" },
    };
    expect(await strict.post("/v1/chat/completions", body)).toMatchObject({ status: 200 });
    const schema = { type: "object", properties: { a: { type: "integer", "x-mine": 1 } } };
    const format = { type: "json_schema", json_schema: { name: "a", schema } };
    const answer = await strict.post("/v1/chat/completions", { ...capital, response_format: format });
    expect([200, 400], answer.text).toContain(answer.status);
  });

  test("of the clients that there are is none: what their libraries send is taken by a strict server", async () => {
    const openai = { ...capital, user: "u", store: false, metadata: {}, service_tier: "auto", stream_options: null };
    const mistral = {
      ...capital,
      safe_prompt: false,
      random_seed: 1,
      tool_choice: null,
      prediction: { type: "content", content: "" },
    };
    expect(await strict.post("/v1/chat/completions", openai)).toMatchObject({ status: 200 });
    expect(await strict.post("/v1/chat/completions", mistral)).toMatchObject({ status: 200 });
    const claude = { ...calls["/v1/messages"], metadata: { user_id: "u" }, service_tier: "auto" };
    expect(await strict.post("/v1/messages", claude)).toMatchObject({ status: 200 });
  });
});

describe("an address in a request", () => {
  test("is fetched by nobody: pictures, sounds and documents are unsupported, and no socket is opened", async () => {
    let connections = 0;
    const listener = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await once(listener.listen(0, "127.0.0.1"), "listening");
    const { port } = listener.address() as AddressInfo;
    const addresses = [
      `http://127.0.0.1:${port}/a.png`,
      `http://localhost:${port}/a.png`,
      "http://169.254.169.254/latest/meta-data/",
      "file:///etc/passwd",
      `data:image/png;base64,${"A".repeat(1_000_000)}`,
      "javascript:alert(1)",
      "",
    ];
    const user = (part: object) => ({ ...capital, messages: [{ role: "user", content: [part] }] });
    for (const url of addresses) {
      const bodies: [string, object][] = [
        ["/v1/chat/completions", user({ type: "image_url", image_url: { url } })],
        ["/v1/chat/completions", user({ type: "image_url", image_url: url })],
        ["/v1/chat/completions", user({ type: "input_audio", input_audio: url })],
        ["/v1/chat/completions", user({ type: "document_url", document_url: url })],
        ["/v1/tokenize", user({ type: "image_url", image_url: url })],
        ["/v1/responses", { input: [{ role: "user", content: [{ type: "input_image", image_url: url }] }] }],
        ["/v1/responses", { input: [{ role: "user", content: [{ type: "input_file", file_url: url }] }] }],
        ["/v1/messages", user({ type: "image", source: { type: "url", url } })],
        ["/v1/messages", user({ type: "document", source: { type: "url", url } })],
      ];
      for (const [address, body] of bodies) {
        const answer = await server.post(address, body);
        expect(answer.status, `${address} ${url.slice(0, 40)}: ${answer.text.slice(0, 300)}`).toBe(400);
        if (address !== "/v1/messages") expect(answer.json).toMatchObject({ error: { code: "unsupported" } });
        expect(answer.text).not.toContain("169.254");
        expect(answer.text).not.toContain("AAAA");
      }
    }
    expect(connections).toBe(0);
    listener.close();
  });
});
