import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, type ErrorCode, type FunctionTool, type Model, type ResponseFormat, WickError } from "wick";
import { goldenStructured } from "./golden-structured.ts";

/** A transport whose model is the demo model. */
export interface StructuredSubject {
  name: string;
  load(): Promise<Model>;
  /** Formats that its wire form has no words for. */
  lacks?: readonly ResponseFormat["type"][];
  /** What a refusal reads as where the wire form has one word for all of them. */
  refusal?: ErrorCode;
}

const city = {
  type: "object",
  properties: {
    city: { type: "string", maxLength: 24 },
    country: { enum: ["France", "Spain", "Italy"] },
    tags: { type: "array", items: { type: "string", maxLength: 12 }, maxItems: 3 },
    founded: { type: ["integer", "null"] },
  },
  required: ["city", "country", "tags", "founded"],
  additionalProperties: false,
};

const weather: FunctionTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get the weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
      required: ["city", "unit"],
      additionalProperties: false,
    },
    strict: true,
  },
};

const formats: readonly ResponseFormat[] = [
  { type: "json_object" },
  { type: "json_schema", jsonSchema: { name: "city", schemaDefinition: city } },
  { type: "regex", regex: "[A-Z][a-z]{2,8}, \\d{4}" },
  { type: "lark", grammar: 'start: "The capital is " NAME "."\nNAME: /[A-Z][a-z]{3,6}/' },
  { type: "choice", choices: ["London", "Paris", "Rome"] },
];

const schemaFormat = (schemaDefinition: { readonly [keyword: string]: unknown }): ResponseFormat => ({
  type: "json_schema",
  jsonSchema: { name: "bomb", schemaDefinition },
});
const nested = (levels: number, wrap: (inner: object) => object) =>
  Array.from({ length: levels }).reduce<object>((inner) => wrap(inner), { type: "string" });
/** Definitions of which each refers to the next. */
const chained = (length: number, link: (next: object) => object) => ({
  $defs: {
    ...Object.fromEntries(Array.from({ length }, (_, index) => [`d${index}`, link({ $ref: `#/$defs/d${index + 1}` })])),
    [`d${length}`]: { type: "object", properties: { x: { type: "integer" } }, required: ["x"] },
  },
  $ref: "#/$defs/d0",
});
const wide = Object.fromEntries(
  Array.from({ length: 1000 }, (_, index) => [`p${index}`, { type: "string", pattern: "^(a+)+b{1,50}$" }]),
);

/** Rules of which each refers to the next. */
const lines = (length: number, rule: (index: number) => string) =>
  ["start: a0", ...Array.from({ length }, (_, index) => rule(index)), `a${length}: "x"`].join("\n");

/** Forms that are small, and large to think of. */
const bombs: readonly ResponseFormat[] = [
  { $ref: "#" },
  { allOf: [{ $ref: "#" }] },
  { $defs: { a: { allOf: [{ $ref: "#/$defs/b" }] }, b: { anyOf: [{ $ref: "#/$defs/a" }] } }, $ref: "#/$defs/a" },
  { ...nested(40, (items) => ({ type: "array", items })) },
  { ...nested(20, (inner) => ({ allOf: [inner, { type: "string" }] })) },
  chained(60, (next) => ({ anyOf: [next, { type: "array", items: next }] })),
  chained(60, (next) => ({ anyOf: [next, next] })),
  chained(60, (next) => ({ allOf: [next, next] })),
  chained(60, (next) => ({ type: "object", properties: { a: next, b: next }, required: ["a", "b"] })),
  // Longer than a stack is deep.
  chained(2000, (next) => next),
  chained(2000, (next) => ({ allOf: [next] })),
  chained(60, (next) => ({ anyOf: [next, { type: "null" }] })),
  { type: "string", pattern: "((a{1,100}){1,100}){1,100}" },
  { type: "string", pattern: "(.*a.{200}){3}" },
  { type: "string", minLength: 100_000, maxLength: 1_000_000 },
  { type: "array", items: { type: "integer" }, minItems: 1_000_000 },
  { type: "array", prefixItems: Array.from({ length: 1000 }, () => ({ type: "string" })) },
  { enum: Array.from({ length: 4096 }, (_, index) => "x".repeat(40) + index) },
  { type: "object", properties: wide, required: ["p1"] },
]
  .map(schemaFormat)
  .concat([
    { type: "regex", regex: "(".repeat(60) + "a" + ")".repeat(60) },
    { type: "regex", regex: "((((a{99}){99}){99}){99})" },
    { type: "regex", regex: "(?s:.*)x(?s:.{999})" },
    { type: "regex", regex: "a?".repeat(4000) },
    { type: "lark", grammar: lines(2000, (index) => `a${index}: a${index + 1}`) },
    { type: "lark", grammar: lines(58, (index) => `a${index}: "x" a${index + 1} | a${index + 1}`) },
    { type: "lark", grammar: 'start: start start | "a"' },
    { type: "lark", grammar: `start: ${"(".repeat(60)}"a"${")*".repeat(60)}` },
    {
      type: "lark",
      grammar: `start: a0\n${Array.from({ length: 500 }, (_, index) => `a${index}: a${index + 1} a${index + 1}?`).join("\n")}\na500: "x"`,
    },
    { type: "choice", choices: Array.from({ length: 4000 }, (_, index) => `choice ${index}`) },
  ]);

/** How it is asked: greedily, at random, with the tools that it must call or may. */
const variants: Readonly<Record<string, Partial<ChatRequest>>> = {
  greedy: { temperature: 0 },
  sampled: { temperature: 1.2, randomSeed: 5 },
};
const calls: Readonly<Record<string, Partial<ChatRequest>>> = {
  required: { toolChoice: "required" },
  chosen: { toolChoice: { type: "function", function: { name: "get_weather" } }, parallelToolCalls: false },
  strict: {},
  "or an answer": { responseFormat: { type: "json_object" } },
};

/** What the model says to each. */
async function answers(model: Model, lacks: readonly string[]): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  const ask = async (content: string, request: Partial<ChatRequest>) => {
    const messages = [{ role: "user" as const, content }];
    const { choices } = await model.chat.complete({ messages, maxTokens: 120, ...request });
    const [{ message, finishReason }] = choices;
    const made = (message.toolCalls ?? []).map(({ function: call }) => `${call.name} ${call.arguments}`);
    return [finishReason, message.content, ...made].filter((part) => part !== "").join(" | ");
  };
  for (const format of formats.filter(({ type }) => !lacks.includes(type))) {
    for (const [how, variant] of Object.entries(variants)) {
      const request = { ...variant, responseFormat: format };
      said[`${format.type}, ${how}`] = await ask("What is the capital of France?", request);
    }
  }
  for (const [how, call] of Object.entries(calls)) {
    const request = { temperature: 0, tools: [weather], ...call };
    said[`tools, ${how}`] = await ask("What is the weather in Paris?", request);
  }
  return said;
}

/** Answers of a given form, which are the same on every transport. */
export function describeStructured({ name, load, lacks = [], refusal }: StructuredSubject): void {
  describe(`answers of a form: ${name}`, () => {
    let model: Model;
    beforeAll(async () => {
      model = await load();
    });
    afterAll(() => model.close());

    test("are the golden ones", async () => {
      const golden = Object.entries(goldenStructured).filter(
        ([about]) => !lacks.some((type) => about.startsWith(type)),
      );
      expect(await answers(model, lacks)).toEqual(Object.fromEntries(golden));
    });

    test("become values, and grow", async () => {
      const messages = [{ role: "user" as const, content: "What is the capital of France?" }];
      const stream = model.chat.parseStream({ messages, temperature: 0, maxTokens: 200 }, city);
      let steps = 0;
      let last: unknown;
      for await (const partial of stream.partials()) {
        steps += 1;
        last = partial;
      }
      const { parsed } = await stream.final();
      expect(parsed).toEqual(last);
      expect(parsed).toMatchObject({ city: expect.any(String), tags: expect.any(Array) });
      expect(steps).toBeGreaterThan(3);
    });

    test("that would take forever end, and hold up no one", async () => {
      const messages = [{ role: "user" as const, content: "Hi" }];
      const neighbour = { messages, temperature: 0, maxTokens: 30 };
      const expected = (await model.chat.complete(neighbour)).choices[0].message.content;
      for (const format of bombs.filter(({ type }) => !lacks.includes(type))) {
        const beside = model.chat.complete(neighbour);
        beside.catch(() => {});
        const began = performance.now();
        const outcome = await model.chat.complete({ messages, maxTokens: 8, responseFormat: format }).then(
          ({ choices }) => choices[0].finishReason,
          (error: unknown) => (WickError.isInstance(error) ? error.code : String(error)),
        );
        expect(["stop", "length", refusal ?? "grammar_invalid", refusal ?? "grammar_limit"]).toContain(outcome);
        expect(performance.now() - began).toBeLessThan(10_000);
        expect((await beside).choices[0].message.content).toBe(expected);
      }
    });

    test("that no grammar can keep to are refused before any work", async () => {
      const messages = [{ role: "user" as const, content: "Hi" }];
      const refused = async (schemaDefinition: object) => {
        const jsonSchema = { name: "x", schemaDefinition: schemaDefinition as { [keyword: string]: unknown } };
        const answer = model.chat.complete({ messages, responseFormat: { type: "json_schema", jsonSchema } });
        const error: unknown = await answer.catch((reason: unknown) => reason);
        return WickError.isInstance(error) ? error.code : error;
      };
      expect(await refused({ type: "string", pattern: "^(?!a)b" })).toBe(refusal ?? "grammar_invalid");
      expect(await refused({ type: "string", pattern: "a".repeat(2000) })).toBe(refusal ?? "grammar_limit");
      expect(await refused({ not: { type: "string" } })).toBe(refusal ?? "grammar_invalid");
    });
  });
}
