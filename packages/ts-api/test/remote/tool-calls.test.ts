import { describe, expect, test } from "vitest";
import { answered, messageOf } from "./answered.js";
import { chunk, done, ended } from "./loopback-host.js";

describe("11: tool calls", () => {
  const calls = (...fragments: object[]) => chunk({ index: 0, delta: { tool_calls: fragments }, finish_reason: null });
  const call = (id: string, name: string, given: string) => ({
    id,
    type: "function",
    function: { name, arguments: given },
  });
  const nine = expect.stringMatching(/^[A-Za-z0-9]{9}$/);
  const two = [call("a1", "f", '{"x":1}'), call("b2", "g", "{}")];

  test.each<[string, string, unknown[]]>([
    ["whole, with numbers", calls({ index: 0, ...two[0] }, { index: 1, ...two[1] }), two],
    ["whole, without numbers", calls(...two), two],
    ["whole, all numbered 0", calls({ index: 0, ...two[0] }) + calls({ index: 0, ...two[1] }), two],
    [
      "whole, without numbers and ids",
      calls({ function: { name: "f", arguments: '{"x":1}' } }, { function: { name: "g", arguments: "{}" } }),
      [
        { ...two[0], id: nine },
        { ...two[1], id: nine },
      ],
    ],
    [
      "whole, all numbered 0, without ids",
      calls({ index: 0, function: { name: "f", arguments: '{"x":1}' } }) +
        calls({ index: 0, function: { name: "f", arguments: "{}" } }),
      [{ ...two[0], id: nine }, call(nine, "f", "{}")],
    ],
    [
      "in OpenAI's fragments",
      calls({ index: 0, id: "a1", type: "function", function: { name: "f", arguments: "" } }) +
        calls({ index: 0, function: { arguments: '{"x"' } }) +
        calls({ index: 0, function: { arguments: ":1}" } }) +
        calls({ index: 1, id: "b2", function: { name: "g", arguments: "{}" } }),
      two,
    ],
    [
      "in Mistral's fragments",
      calls({ index: 0, id: "a1", function: { name: "f", arguments: "" } }) +
        calls({ index: 0, id: "null", function: { name: "", arguments: '{"x":1}' } }) +
        calls({ index: 1, id: "b2", function: { name: "g", arguments: "{}" } }),
      two,
    ],
    [
      "interleaved",
      calls(
        { index: 0, id: "a1", function: { name: "f", arguments: '{"x"' } },
        { index: 1, id: "b2", function: { name: "g" } },
      ) + calls({ index: 1, function: { arguments: "{}" } }, { index: 0, function: { arguments: ":1}" } }),
      two,
    ],
    [
      "with the name in each fragment",
      calls({ index: 0, id: "a1", function: { name: "f", arguments: '{"x"' } }) +
        calls({ index: 0, id: "a1", function: { name: "f", arguments: ":1}" } }),
      [two[0]],
    ],
    [
      "with a name in pieces",
      calls({ index: 0, id: "a1", function: { name: "get_" } }) +
        calls({ index: 0, function: { name: "time", arguments: "{}" } }),
      [call("a1", "get_time", "{}")],
    ],
    [
      "with an object of arguments",
      calls({ index: 0, id: "a1", function: { name: "f", arguments: { x: 1 } } }),
      [two[0]],
    ],
    [
      "with a null id",
      calls({ index: 0, id: null, function: { name: "f", arguments: "{}" } }),
      [call(nine, "f", "{}")],
    ],
  ])("%s", async (_, body, expected) => {
    const responses = await answered(body + ended("tool_calls") + done);
    expect(messageOf(responses)).toEqual({ role: "assistant", content: "", toolCalls: expected });
    const pieces = responses.flatMap((response) =>
      response.kind === "chunk" ? (response.choices[0].delta.toolCalls ?? []) : [],
    );
    for (const index of expected.keys()) {
      const own = pieces.filter((piece) => piece.index === index);
      expect(own.filter(({ id }) => id !== undefined)).toHaveLength(1);
      expect(own[0]?.id).toBeDefined();
    }
  });
});
