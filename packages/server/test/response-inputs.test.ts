// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.

// What a response is asked, in items.

import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { testServer } from "./support/test-server.ts";

const address = "/v1/responses";

describe("an input", () => {
  test("in items means what the library's messages would: what an assistant did in a row is one of them", async () => {
    const model = scriptedModel({ replies: ["Yes."] });
    const input = [
      { role: "developer", content: "Be brief." },
      { type: "message", role: "user", content: [{ type: "input_text", text: "Weather?" }] },
      { type: "reasoning", id: "rs_1", summary: [], content: [{ type: "reasoning_text", text: "Hm." }] },
      {
        type: "message",
        id: "msg_1",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text: "Let me see.", annotations: [] }],
      },
      { type: "function_call", id: "fc_1", call_id: "call12345", name: "get_weather", arguments: "{}" },
      { type: "function_call_output", call_id: "call12345", output: [{ type: "input_text", text: "19 °C" }] },
      { role: "assistant", content: [{ type: "refusal", refusal: "No." }] },
      { role: "user", content: "Well?" },
    ];
    expect((await testServer(model).post(address, { input })).status).toBe(200);
    expect(model.calls[0]).toMatchObject({ kind: "chat" });
    expect(model.calls[0]?.request).toHaveProperty("messages", [
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Weather?" }] },
      {
        role: "assistant",
        content: "Let me see.",
        reasoningContent: "Hm.",
        toolCalls: [{ id: "call12345", type: "function", function: { name: "get_weather", arguments: "{}" } }],
      },
      { role: "tool", toolCallId: "call12345", content: "19 °C" },
      { role: "assistant", content: "No." },
      { role: "user", content: "Well?" },
    ]);
  });

  test.each<[string, unknown]>([
    ["input", []],
    ["input", 1],
    ["input[0]", [1]],
    ["input[0]", [{}]],
    ["input[0].role", [{ role: "robot", content: "a" }]],
    ["input[0].content", [{ type: "message", role: "user", content: 1 }]],
    ["input[0].content[0]", [{ role: "user", content: [{ type: "smell" }] }]],
    [
      "input[1].arguments",
      [
        { role: "user", content: "a" },
        { type: "function_call", call_id: "a", name: "b", arguments: {} },
      ],
    ],
    ["input[0].call_id", [{ type: "function_call_output", output: "a" }]],
  ])("whose %s is wrong says so: %j", async (param, input) => {
    const answer = await testServer(scriptedModel({ replies: ["A"] })).post(address, { input });
    expect(answer, answer.text).toMatchObject({ status: 400, json: { error: { code: "invalid_request" } } });
    const { error } = answer.json as { error: { param: string } };
    expect(error.param.startsWith(param), error.param).toBe(true);
  });
});
