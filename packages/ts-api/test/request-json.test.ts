import { describe, expect, test } from "vitest";
import { requestJson } from "../src/request/request-json.js";

const where = (value: unknown) => {
  try {
    return requestJson(value, "");
  } catch (error) {
    return (error as { info: { code: string; where: string } }).info;
  }
};

describe("a request becomes JSON", () => {
  test("as JSON.stringify has it, where that loses nothing", () => {
    const value = {
      messages: [{ role: "user", content: 'a "b" \u2028 \n é 👩‍👧' }],
      n: 1.5e-7,
      logitBias: { 3: -100 },
      stop: [],
      x: null,
      big: 2 ** 60,
    };
    expect(requestJson(value, "")).toBe(JSON.stringify(value));
  });

  test("undefined is not set", () => {
    expect(requestJson({ a: undefined, b: { c: undefined } }, "")).toBe('{"b":{}}');
  });

  test("a lone surrogate is escaped, for the engine to replace", () => {
    expect(requestJson("a\ud83d", "")).toBe('"a\\ud83d"');
  });

  test("fields of prototypes are not there, and `__proto__` is a name like others", () => {
    const request = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}');
    expect(requestJson(request, "")).toBe('{"__proto__":{"polluted":true},"constructor":1}');
    expect(requestJson(Object.create({ inherited: 1 }), "")).toBe("{}");
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("an object twice is no cycle", () => {
    const part = { type: "text" };
    expect(requestJson([part, part], "")).toBe('[{"type":"text"},{"type":"text"}]');
  });
});

describe("what JSON would bend is refused with its path", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = { again: cyclic };
  // oxlint-disable-next-line no-sparse-arrays -- the hole is what is tested
  const sparse = [1, , 3];
  test.each([
    ["temperature", { temperature: Number.NaN }],
    ["dry.base", { dry: { base: Number.NEGATIVE_INFINITY } }],
    ["stop[1]", { stop: ["a", undefined] }],
    ["prompt[1]", { prompt: sparse }],
    ["messages[2].content", { messages: [{}, {}, { content: () => "" }] }],
    ["maxTokens", { maxTokens: 5n }],
    ["x", { x: Symbol("x") }],
    ["self.again", cyclic],
    ["when", { when: new Date(0) }],
    ["map", { map: new Map() }],
    ["prompt", { prompt: new Uint32Array(3) }],
    ["promise", { promise: Promise.resolve() }],
    ["", undefined],
    ["", () => {}],
  ])("%s", (path, value) => {
    expect(where(value)).toMatchObject({ code: "invalid_request", where: path });
  });
});
