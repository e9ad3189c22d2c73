import { describe, expect, test } from "vitest";
import { terminalOf } from "../../../../test/conformance/chunks.js";
import { answered, hello, messageOf } from "./answered.js";
import { events } from "./loopback-host.js";

describe("14: answers that are no stream", () => {
  const json = { "content-type": "application/json" };
  const completion = {
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "a",
          reasoning_content: "Hm",
          tool_calls: [{ id: "x", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        finish_reason: "tool_calls",
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  };

  test.each([json, { "content-type": "text/plain" }, events])(
    "a completion under %o is turned into a stream",
    async (headers) => {
      const responses = await answered(JSON.stringify(completion), { headers });
      expect(responses.map(({ kind }) => kind)).toEqual(["chunk", "chunk", "done"]);
      expect(messageOf(responses)).toEqual({
        role: "assistant",
        content: "a",
        reasoningContent: "Hm",
        toolCalls: [{ id: "x", type: "function", function: { name: "f", arguments: "{}" } }],
      });
      expect(terminalOf(responses)).toMatchObject({ completion: { usage: { totalTokens: 3 } } });
    },
  );

  test.each<Record<string, string>>([
    { "content-type": "text/plain" },
    {},
    { "content-type": "application/octet-stream" },
    { "content-type": "Text/Event-Stream;charset=UTF-8" },
  ])("events under %o are read all the same", async (headers) => {
    expect(messageOf(await answered(`\n\n${hello}`, { headers }))).toMatchObject({ content: "Hello €😀" });
  });

  test.each<[string, string, Record<string, string>]>([
    ["a page", "<!doctype html><title>Login</title>", { "content-type": "text/html" }],
    ["text", "Please log in", { "content-type": "text/plain" }],
    ["JSON of another kind", '{"status":"ok"}', json],
    ["half of a JSON value", '{"choices":[{"mess', json],
    ["nothing", "", { "content-type": "text/html" }],
  ])("%s is stream_protocol, and is kept", async (_, body, headers) => {
    const [terminal] = await answered(body, { headers });
    expect(terminal).toMatchObject({
      kind: "internal_error",
      error: { code: "stream_protocol" },
      partial: { choices: [{ index: 0, message: { role: "assistant", content: "" } }] },
    });
    if (body === "" || terminal?.kind !== "internal_error") return;
    expect(terminal.error.details?.["received"]).toBe(body);
  });

  test("a stream without an event is truncated", async () => {
    expect(await answered("")).toMatchObject([{ kind: "internal_error", error: { code: "stream_truncated" } }]);
  });

  test("an error with status 200", async () => {
    expect(await answered('{"error":{"message":"boom"}}', { headers: json })).toMatchObject([
      { kind: "model_error", error: { upstream: { message: "boom" } } },
    ]);
  });
});
