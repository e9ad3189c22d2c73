import { describe, expect, test } from "vitest";
import { type ScriptedEmbeddings, scriptedModel } from "wick/testing";

const modelOf = (embeddings?: ScriptedEmbeddings) => scriptedModel({ replies: ["Yes."], embeddings });
const colours = { red: [3, 4], blue: [0, 2] };

describe("scripted embeddings", () => {
  test("from a table, of length 1", async () => {
    const model = modelOf(colours);
    expect(model.info.capabilities.embeddings).toBe(true);
    expect(await model.embeddings.create({ inputs: ["blue", "red", "blue"] })).toEqual({
      object: "list",
      model: "scripted",
      data: [
        { index: 0, embedding: [0, 1] },
        { index: 1, embedding: [Math.fround(0.6), Math.fround(0.8)] },
        { index: 2, embedding: [0, 1] },
      ],
      usage: { promptTokens: 11, completionTokens: 0, totalTokens: 11 },
    });
    expect(model.calls).toEqual([]);
    await model.close();
    await expect(model.embeddings.create({ inputs: "red" })).rejects.toMatchObject({ code: "engine_closed" });
  });

  test("from a function, as they are", async () => {
    const model = modelOf((input, index) => [input.length, index, 0.5]);
    const { data } = await model.embeddings.create({ inputs: ["a", "abc"], normalize: false, dimensions: 3 });
    expect(data.map(({ embedding }) => embedding)).toEqual([
      [1, 0, 0.5],
      [3, 1, 0.5],
    ]);
    const zero = modelOf(() => [0, 0]);
    expect((await zero.embeddings.create({ inputs: "a" })).data[0]?.embedding).toEqual([0, 0]);
  });

  test("without a script", async () => {
    const model = modelOf();
    expect(model.info.capabilities.embeddings).toBe(false);
    await expect(model.embeddings.create({ inputs: "red" })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("`embeddings`"),
    });
  });

  test.each<[string, string, unknown]>([
    ["invalid_request", "inputs", {}],
    ["invalid_request", "inputs", { inputs: 7 }],
    ["invalid_request", "inputs", { inputs: [] }],
    ["invalid_request", "inputs", { inputs: Array.from({ length: 2049 }, () => "red") }],
    ["invalid_request", "inputs", { inputs: "" }],
    ["invalid_request", "inputs[1]", { inputs: ["red", ""] }],
    ["invalid_request", "inputs[1]", { inputs: ["red", 7] }],
    ["invalid_request", "input", { inputs: "red", input: "red" }],
    ["invalid_request", "normalize", { inputs: "red", normalize: 1 }],
    ["invalid_request", "dimensions", { inputs: "red", dimensions: 1.5 }],
    ["invalid_request", "dimensions", { inputs: "red", dimensions: 0 }],
    ["unsupported", "dimensions", { inputs: "red", dimensions: 3 }],
    ["invalid_request", "", []],
  ])("refuses as a model does: %s at %s", async (code, where, request) => {
    await expect(modelOf(colours).embeddings.create(request as never)).rejects.toMatchObject({ code, info: { where } });
  });

  test.each<[string, ScriptedEmbeddings]>([
    ["no embedding", { blue: [1] }],
    ["no embedding", {}],
    ["finite numbers", { red: [], green: [1] }],
    ["finite numbers", () => [Number.NaN]],
    ["differ in length", (input) => (input === "red" ? [1] : [1, 2])],
  ])("a script that is wrong is told so: %s", async (message, script) => {
    const asked = modelOf(script).embeddings.create({ inputs: ["red", "toString"] });
    await expect(asked).rejects.toThrow(TypeError);
    await expect(asked).rejects.toThrow(message);
  });
});
