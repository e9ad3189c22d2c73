import { Type } from "@sinclair/typebox";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { type ChatRequest, type FunctionTool, type Schema, type ToolCall, tool } from "wick";
import { scriptedModel } from "wick/testing";
import { z } from "zod";
import { call, collected, completionOf, phases, rounds } from "./agent-runs.js";

const messages = [{ role: "user" as const, content: "Go." }];
/** Of `{ city: string; days?: number }`, where days defaults to 1 for those that know defaults. */
const schemas: readonly [string, Schema, number | undefined][] = [
  ["zod", z.object({ city: z.string(), days: z.number().default(1) }), 1],
  ["ArkType", type({ city: "string", "days?": "number" }), undefined],
  ["Valibot", toStandardJsonSchema(v.object({ city: v.string(), days: v.optional(v.number(), 1) })), 1],
  ["TypeBox", Type.Object({ city: Type.String(), days: Type.Optional(Type.Number()) }), undefined],
  [
    "JSON Schema",
    { type: "object", properties: { city: { type: "string" }, days: { type: "number" } }, required: ["city"] },
    undefined,
  ],
];

describe.each(schemas)("%s", (_, parameters, days) => {
  const seen: unknown[] = [];
  const weather = tool({
    name: "weather",
    description: "Weather",
    parameters,
    execute: (input) => void seen.push(input),
  });
  const run = async (...calls: ToolCall[]) => {
    const model = scriptedModel({ replies: rounds(calls) });
    return { model, responses: await collected(model.chat.stream({ messages, tools: [weather] })) };
  };

  test("is what the model is told as JSON Schema, and what its calls are checked by", async () => {
    seen.length = 0;
    const { model, responses } = await run(call("weather", { city: "Paris" }));
    expect(phases(responses)).toEqual(["0 weather calling", "0 weather complete "]);
    expect(seen).toEqual([days === undefined ? { city: "Paris" } : { city: "Paris", days }]);
    const [told] = (model.calls.at(0)?.request as ChatRequest | undefined)?.tools ?? [];
    expect(told?.function.parameters).toMatchObject({
      type: "object",
      properties: { city: { type: "string" }, days: { type: "number" } },
      required: ["city"],
    });
  });

  test("says where arguments do not fit", async () => {
    const { responses } = await run(call("weather", { city: 7 }));
    expect(phases(responses)).toEqual(["0 weather failed output_invalid"]);
    expect(completionOf(responses).transcript?.[1]).toMatchObject({ content: expect.stringMatching(/city.*string/is) });
  });

  test("is also what a tool handed back and a format may be", async () => {
    const model = scriptedModel({ replies: ["Hi."] });
    const described: FunctionTool = { type: "function", function: { name: "weather", parameters } };
    const responseFormat = { type: "json_schema" as const, jsonSchema: { name: "w", schemaDefinition: parameters } };
    await model.chat.complete({ messages, tools: [described], responseFormat }).catch(() => {});
    expect(model.calls[0]?.request).toMatchObject({
      tools: [{ function: { parameters: { type: "object", properties: { city: { type: "string" } } } } }],
      responseFormat: { jsonSchema: { schemaDefinition: { properties: { city: { type: "string" } } } } },
    });
  });
});

test("a schema of a library that cannot write it is refused where it stands", () => {
  const parameters = v.object({ city: v.string() });
  const make = () => tool({ name: "w", description: "W", parameters, execute: () => 1 });
  expect(make).toThrow(expect.objectContaining({ code: "unsupported", message: expect.stringContaining("valibot") }));
  const odd = () => tool({ name: "w", description: "W", parameters: z.object({ at: z.date() }), execute: () => 1 });
  expect(odd).toThrow(expect.objectContaining({ code: "unsupported", message: expect.stringContaining("zod") }));
});

test("the input's type follows from the schema", () => {
  tool({
    name: "w",
    description: "W",
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => city.trim(),
    needsApproval: ({ city }) => city.length > 3,
  });
  expect.assertions(0);
});
