// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.

// What requests of Anthropic's form mean, and what is said of those that are wrong.

import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { scriptedModel } from "wick/testing";
import { testServer } from "./support/test-server.ts";

const address = "/v1/messages";
const body = { messages: [{ role: "user", content: "Hi" }], max_tokens: 50 };
const tool = {
  name: "get_weather",
  description: "Get it.",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
};
let demo: Model;

beforeAll(async () => {
  demo = await Model.load(demoModel());
});
afterAll(() => demo.close());

describe("a request", () => {
  test("means what the library's would", async () => {
    const model = scriptedModel({ replies: ["Yes."] });
    const answer = await testServer(model).post(address, {
      system: [
        { type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } },
        { type: "text", text: "Be kind." },
      ],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "Weather?" },
            { type: "document", title: "Note", source: { type: "text", media_type: "text/plain", data: "Sunny." } },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm.", signature: "s" },
            { type: "redacted_thinking", data: "x" },
            { type: "text", text: "Let me see." },
            { type: "tool_use", id: "call12345", name: "get_weather", input: { city: "Paris" } },
          ],
        },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "call12345",
              content: [{ type: "text", text: "none" }],
              is_error: true,
            },
            { type: "text", text: "Well?" },
          ],
        },
      ],
      max_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      stop_sequences: ["END"],
      tools: [tool],
      tool_choice: { type: "tool", name: "get_weather", disable_parallel_tool_use: true },
      metadata: { user_id: "u" },
    });
    expect(answer.status, answer.text).toBe(200);
    expect(model.calls[0]?.request).toEqual({
      messages: [
        { role: "system", content: "Be brief.\nBe kind." },
        {
          role: "user",
          content: [
            { type: "text", text: "Weather?" },
            { type: "text", text: "Note\n\nSunny." },
          ],
        },
        {
          role: "assistant",
          content: "Let me see.",
          reasoningContent: "Hm.",
          reasoningSignature: "s",
          toolCalls: [
            { id: "call12345", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
          ],
        },
        { role: "tool", toolCallId: "call12345", content: "Error: none" },
        { role: "user", content: [{ type: "text", text: "Well?" }] },
      ],
      maxTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 5,
      stop: ["END"],
      tools: [
        { type: "function", function: { name: "get_weather", description: "Get it.", parameters: tool.input_schema } },
      ],
      toolChoice: { type: "function", function: { name: "get_weather" } },
      parallelToolCalls: false,
    });
  });

  test.each<[string, object]>([
    ["max_tokens", { max_tokens: undefined }],
    ["messages", { messages: [] }],
    ["messages[0].role", { messages: [{ role: "tool", content: "a" }] }],
    ["messages[0].content", { messages: [{ role: "user", content: 1 }] }],
    [
      "messages[0].content[0]",
      { messages: [{ role: "user", content: [{ type: "tool_use", id: "a", name: "b", input: {} }] }] },
    ],
    [
      "messages[0].content[0].source",
      { messages: [{ role: "user", content: [{ type: "document", source: { type: "base64", data: "x" } }] }] },
    ],
    ["tools[0]", { tools: [{ name: "a b", input_schema: {} }] }],
    ["tools[0]", { tools: [{ type: "custom", name: "a" }] }],
    ["tools[0].type", { tools: [{ type: "web_search_20250305", name: "web_search" }] }],
    ["tool_choice", { tools: [tool], tool_choice: "auto" }],
    ["tool_choice", { tools: [tool], tool_choice: { type: "tool", name: "other" } }],
    ["thinking.budget_tokens", { thinking: { type: "enabled" } }],
    ["thread", { thread: { id: "x" } }],
    ["container", { container: "x" }],
    ["mcp_servers", { mcp_servers: [{ type: "url", url: "http://127.0.0.1" }] }],
    ["context_management", { context_management: { edits: [{}] } }],
  ])("whose %s is wrong says so: %j", async (place, change) => {
    const model = scriptedModel({ replies: ["Yes."] });
    const real = testServer(demo);
    for (const server of place === "tool_choice" ? [real] : [testServer(model), real]) {
      const answer = await server.post(address, { ...body, ...change });
      expect(answer, answer.text).toMatchObject({
        status: 400,
        json: {
          type: "error",
          error: { type: "invalid_request_error", message: expect.stringContaining(place) },
          request_id: answer.headers.get("x-request-id"),
        },
      });
    }
    expect(model.calls).toEqual([]);
  });
});
