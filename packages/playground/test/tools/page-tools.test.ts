import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { defaultSettings } from "../../src/settings/settings.ts";
import { calculator } from "../../src/tools/calculator.ts";
import { currentTime } from "../../src/tools/current-time.ts";
import { executableTools, pageTools } from "../../src/tools/page-tools.ts";
import { randomNumber } from "../../src/tools/random-number.ts";

describe("the calculator", () => {
  test.each([
    ["12 * 8", 96],
    ["1 + 2 * 3 - 4 / 2", 5],
    ["(1 + 2) * 3", 9],
    ["2 ^ 3 ^ 2", 512],
    ["-2 ^ 2", -4],
    ["2 ^ -1", 0.5],
    ["--3", 3],
    ["7 % 4", 3],
    [".5 + 1.25e2", 125.5],
    ["1/0", Infinity],
  ])("%s = %d", (expression, value) => {
    expect(calculator.execute({ expression })).toBe(value);
  });

  test.each(["", "1 +", "(1", "1)", "1 2", "alert(1)", "1 + x", "constructor", "2 ** 3"])(
    "%j is no expression",
    (expression) => {
      expect(() => calculator.execute({ expression })).toThrow(/Unexpected|bracket/);
    },
  );
});

test("the time is that of the zone", () => {
  expect(currentTime.execute({ timeZone: "UTC" })).toMatch(/^\w+day,? \d+ \w+ \d{4} at \d\d:\d\d:\d\d UTC$/);
  expect(() => currentTime.execute({ timeZone: "Nowhere/Here" })).toThrow(RangeError);
});

test("random numbers are within their ends", () => {
  const drawn = new Set(Array.from({ length: 200 }, () => randomNumber.execute({ min: -1, max: 1 })));
  expect([...drawn].toSorted()).toEqual([-1, 0, 1]);
  expect(() => randomNumber.execute({ min: 2, max: 1 })).toThrow("max must not be below min");
});

test("a model may use those that are not off, asked first or not", () => {
  const tools = executableTools({
    ...defaultSettings,
    tools: { calculate: "run", random_number: "ask", current_time: "off" },
  });
  expect(tools.map(({ name, needsApproval }) => [name, needsApproval])).toEqual([
    ["calculate", false],
    ["random_number", true],
  ]);
});

test("each has the file of its definition, which stands alone", () => {
  for (const { definition, variable, source } of pageTools) {
    expect(source).toContain(`export const ${variable} = {\n  name: "${definition.name}"`);
    expect(source.match(/^import .*$/gm)).toEqual(['import type { JsonSchema, ToolDefinition } from "wick/remote";']);
  }
});

test("the countdown writes piece by piece, and stops when it is left", async () => {
  const model = scriptedModel({
    replies: [
      { toolCalls: [{ id: "1", type: "function", function: { name: "countdown", arguments: '{"from": 30}' } }] },
      "Over.",
    ],
  });
  const tools = executableTools({ ...defaultSettings, tools: { countdown: "run" } });
  const stream = model.chat.stream({ messages: [{ role: "user", content: "Count." }], tools });
  const seen: string[] = [];
  for await (const response of stream) {
    if (response.kind === "agentic_tool_call_progress") {
      seen.push(response.phase.kind === "output" ? response.phase.delta : response.phase.kind);
      if (response.phase.kind === "output") stream.cancel();
    } else if (response.kind !== "chunk") seen.push(response.kind);
  }
  expect(seen).toEqual(["calling", "30… ", "cancelled"]);
});
