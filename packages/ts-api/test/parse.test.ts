import { Type } from "@sinclair/typebox";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type ChatRequest, type DeepPartial, type Schema, WickError, tool } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { z } from "zod";

const messages = [{ role: "user" as const, content: "Where?" }];
const schema = z.object({ city: z.string(), tags: z.array(z.string()), size: z.object({ km: z.number() }) });
const text = '{"city": "Paris", "tags": ["old", "big"], "size": {"km": 12}}';
const value = { city: "Paris", tags: ["old", "big"], size: { km: 12 } };

/** What a call throws. */
async function thrown(call: Promise<unknown>): Promise<WickError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!WickError.isInstance(error)) throw new Error(`It gave ${String(error)}`);
  return error;
}

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of values) all.push(one);
  return all;
}

describe("parse", () => {
  test.each([
    ["zod", schema],
    ["ArkType", type({ city: "string", tags: "string[]", size: { km: "number" } })],
    [
      "Valibot",
      toStandardJsonSchema(
        v.object({ city: v.string(), tags: v.array(v.string()), size: v.object({ km: v.number() }) }),
      ),
    ],
    [
      "TypeBox",
      Type.Object({ city: Type.String(), tags: Type.Array(Type.String()), size: Type.Object({ km: Type.Number() }) }),
    ],
    ["JSON Schema", { type: "object", properties: { city: { type: "string" } }, required: ["city"] }],
  ])("gives the value of a schema of %s, and asks the model for it", async (_, given) => {
    const model = scriptedModel({ replies: [text] });
    const { parsed, choices, usage } = await model.chat.parse({ messages }, given);
    expect(parsed).toEqual(value);
    expect(choices[0].message.content).toBe(text);
    expect(usage).toBeDefined();
    const { responseFormat } = Object(model.calls[0]?.request) as ChatRequest;
    expect(responseFormat).toMatchObject({
      type: "json_schema",
      jsonSchema: { name: "answer", schemaDefinition: { type: "object", properties: { city: { type: "string" } } } },
    });
  });

  test("is of the schema's type, and of what it makes of a value", async () => {
    const model = scriptedModel({ replies: ['{"when": "2026-11-30"}'] });
    const dated = z.object({ when: z.string().transform((day) => day.length), n: z.number().default(3) });
    const { parsed } = await model.chat.parse({ messages }, dated);
    expectTypeOf(parsed).toEqualTypeOf<{ when: number; n: number }>();
    expect(parsed).toEqual({ when: 10, n: 3 });
  });

  test.each<[string, ScriptedReply, RegExp]>([
    ["no JSON", { text: "Paris." }, /no JSON/],
    ["cut", { text: '{"city": "Par', finishReason: "length" }, /cut.*maxTokens/],
    ["of another schema", { text: '{"city": 7, "tags": [], "size": {"km": 1}}' }, /city: .*string/],
    [
      "a call",
      { toolCalls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }] },
      /called a tool/,
    ],
  ])("says what is wrong with an answer that is %s, and has it", async (_, reply, message) => {
    const model = scriptedModel({ replies: [reply] });
    const error = await thrown(model.chat.parse({ messages }, schema));
    expect(error.code).toBe("output_invalid");
    expect(error.message).toMatch(message);
    expect(error.partial?.object).toBe("chat.completion");
    expect(error.partialText).toBe(reply.text ?? "");
  });

  test("says where a value does not fit JSON Schema", async () => {
    const model = scriptedModel({ replies: ['{"city": 7}'] });
    const plain = { type: "object", properties: { city: { type: "string" } } };
    expect((await thrown(model.chat.parse({ messages }, plain))).message).toMatch(/#\/city.*string/);
  });

  test("throws what ends the stream", async () => {
    const failing = scriptedModel({
      replies: [{ text, end: { kind: "model_error", error: { code: "grammar_limit" } } }],
    });
    expect((await thrown(failing.chat.parse({ messages }, schema))).code).toBe("grammar_limit");
    const controller = new AbortController();
    const hanging = scriptedModel({ replies: [{ text, end: { kind: "hang" } }] });
    const parsing = thrown(hanging.chat.parse({ messages }, schema, { signal: controller.signal }));
    controller.abort();
    expect((await parsing).code).toBe("cancelled");
  });

  test("refuses a form beside the schema, and a schema that is none", async () => {
    const model = scriptedModel({ replies: [text] });
    const both = { messages, responseFormat: { type: "json_object" as const } };
    expect(await thrown(model.chat.parse(both, schema))).toMatchObject({
      code: "invalid_request",
      info: { where: "responseFormat" },
    });
    expect(await thrown(model.chat.parse({ messages }, v.object({ city: v.string() })))).toMatchObject({
      code: "unsupported",
      info: { where: "responseFormat.jsonSchema.schemaDefinition" },
    });
  });

  test("goes round with tools that Wick runs", async () => {
    const weather = tool({
      name: "weather",
      description: "Weather",
      parameters: { type: "object" },
      execute: () => "19",
    });
    const call = { id: "a", type: "function" as const, function: { name: "weather", arguments: "{}" } };
    const model = scriptedModel({ replies: [{ text: "Let me see.", toolCalls: [call] }, text] });
    // Types speak of tools that are handed back; at run time these go as well.
    const request = { messages, tools: [weather] } as unknown as { messages: typeof messages };
    const stream = model.chat.parseStream(request, schema);
    const partials = await collected(stream.partials());
    expect(partials.at(-1)).toEqual(value);
    expect(partials.every((partial) => typeof partial === "object")).toBe(true);
    expect((await stream.final()).parsed).toEqual(value);
    expect(model.calls).toHaveLength(2);
  });
});

test("objects of a library's schema have no properties that it does not name, but where it says so", async () => {
  const told = async (given: Schema) => {
    const model = scriptedModel({ replies: ["{}"] });
    await model.chat.parse({ messages }, given).catch(() => {});
    const { responseFormat } = Object(model.calls[0]?.request) as ChatRequest;
    if (responseFormat?.type !== "json_schema") throw new Error("There is no schema.");
    return responseFormat.jsonSchema.schemaDefinition as object;
  };
  expect(
    await told(z.object({ a: z.array(z.object({ b: z.null() })), additionalProperties: z.string() })),
  ).toMatchObject({
    properties: { a: { items: { additionalProperties: false } }, additionalProperties: { type: "string" } },
    additionalProperties: false,
  });
  expect(await told(z.union([z.object({ a: z.string() }), z.string()]))).toMatchObject({
    anyOf: [{ additionalProperties: false }, { type: "string" }],
  });
  expect(await told(z.looseObject({ a: z.string() }))).toMatchObject({ additionalProperties: {} });
  expect(await told(z.record(z.string(), z.number()))).toMatchObject({ additionalProperties: { type: "number" } });
  const parts = v.intersect([v.object({ a: v.string() }), v.object({ b: v.string() })]);
  const both = await told(toStandardJsonSchema(parts));
  expect(JSON.stringify(both)).not.toContain("additionalProperties");
});

describe("parseStream", () => {
  /** One character a chunk. */
  const spelled = () => scriptedModel({ replies: [{ text: [...text] }] });

  test("yields the value as it grows, each its own", async () => {
    const stream = spelled().chat.parseStream({ messages }, schema);
    const partials = await collected(stream.partials());
    expectTypeOf(partials).toEqualTypeOf<DeepPartial<z.infer<typeof schema>>[]>();
    expect(partials[0]).toEqual({});
    expect(partials).toContainEqual({ city: "Par" });
    expect(partials).toContainEqual({ city: "Paris", tags: ["old", "b"] });
    expect(partials.at(-1)).toEqual(value);
    expect(new Set(partials).size).toBe(partials.length);
    expect((await stream.final()).parsed).toEqual(value);
  });

  test("is a stream of responses as any other", async () => {
    const kinds = new Set<string>();
    const stream = spelled().chat.parseStream({ messages }, schema);
    const final = stream.final.bind(stream);
    for await (const { kind } of stream) kinds.add(kind);
    expect([...kinds]).toEqual(["chunk", "done"]);
    expect((await final()).parsed).toEqual(value);
    expect(await collected(spelled().chat.parseStream({ messages }, schema).text())).toEqual([...text]);
    const sent = await spelled().chat.parseStream({ messages }, schema).toResponse().text();
    expect(sent).toContain('"kind":"done"');
    await spelled().chat.parseStream({ messages }, schema)[Symbol.asyncDispose]();
  });

  test("has one reader", async () => {
    const stream = spelled().chat.parseStream({ messages }, schema);
    stream[Symbol.asyncIterator]();
    expect((await thrown(collected(stream.partials()))).code).toBe("stream_consumed");
  });

  test("ends its run when its reader leaves", async () => {
    const model = scriptedModel({ replies: [{ text: [...text], end: { kind: "hang" } }] });
    const stream = model.chat.parseStream({ messages }, schema);
    for await (const partial of stream.partials()) if (partial.city === "Pa") break;
    expect((await thrown(stream.final())).code).toBe("cancelled");
  });

  test("throws behind what there was of an answer that is none", async () => {
    const model = scriptedModel({ replies: [{ text: ['{"city": "Par', "is"], finishReason: "length" }] });
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const partial of model.chat.parseStream({ messages }, schema).partials()) seen.push(partial);
    })();
    expect((await thrown(reading)).code).toBe("output_invalid");
    expect(seen).toEqual([{ city: "Par" }, { city: "Paris" }]);
    const prose = scriptedModel({ replies: ["It is Paris."] }).chat.parseStream({ messages }, schema);
    expect((await thrown(collected(prose.partials()))).code).toBe("output_invalid");
  });
});
