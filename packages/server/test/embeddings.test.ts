// Vectors, and tokens.

import { demoModel } from "@wick/demo-model";
import type { CreateEmbeddingResponse } from "openai/resources";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { scriptedModel } from "wick/testing";
import { capital } from "./support/questions.ts";
import { type TestServer, testServer } from "./support/test-server.ts";

let model: Model;
let server: TestServer;

beforeAll(async () => {
  model = await Model.load(demoModel());
  server = testServer(model);
});
afterAll(() => model.close());

const embed = async (body: object) => (await server.post("/v1/embeddings", body)).json as CreateEmbeddingResponse;

describe("/v1/embeddings", () => {
  test("has a vector of length 1 for each text, in order, as the library has it", async () => {
    const inputs = ["red", "blue", "Grüße 😀"];
    const expected = await model.embeddings.create({ inputs });
    const list = await embed({ input: inputs, model: "demo" });
    expect(list).toMatchObject({ object: "list", model: "demo", id: expect.any(String) });
    expect(list.data.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const { index, embedding, object } of list.data) {
      expect(object).toBe("embedding");
      expect(embedding).toEqual([...(expected.data[index]?.embedding ?? [])]);
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    }
    expect(list.usage).toEqual({
      prompt_tokens: expected.usage?.promptTokens,
      completion_tokens: 0,
      total_tokens: expected.usage?.promptTokens,
    });
    expect((await embed({ input: "red" })).data).toEqual([list.data[0]]);
  });

  test("in base64 has the same floats, little-endian", async () => {
    const [{ embedding } = { embedding: [] }] = (await embed({ input: "red" })).data;
    const [packed] = (await embed({ input: "red", encoding_format: "base64" })).data;
    const bytes = Buffer.from(String(packed?.embedding), "base64");
    expect(bytes).toHaveLength(embedding.length * 4);
    expect(embedding.map((_, at) => bytes.readFloatLE(at * 4))).toEqual(embedding);
    expect((await embed({ input: "red", encoding_format: "float" })).data[0]?.embedding).toEqual(embedding);
  });

  test("without normalize has the vectors as they are", async () => {
    const [given] = (await embed({ input: "red", normalize: false })).data;
    const [{ embedding } = { embedding: [] }] = (await embed({ input: "red" })).data;
    const length = Math.hypot(...(given?.embedding ?? []));
    expect(length).not.toBeCloseTo(1, 3);
    expect(given?.embedding.map((value) => value / length)[0]).toBeCloseTo(embedding[0] ?? 0, 5);
  });

  test.each(["dimensions", "output_dimension"])(
    "with other %s than the model's is refused by the name that was sent",
    async (name) => {
      const dimensions = (await embed({ input: "red" })).data[0]?.embedding.length;
      expect(await server.post("/v1/embeddings", { input: "red", [name]: dimensions })).toMatchObject({ status: 200 });
      const refused = { status: 400, json: { error: { code: "unsupported", param: name } } };
      expect(await server.post("/v1/embeddings", { input: "red", [name]: 3 })).toMatchObject(refused);
    },
  );

  test("of a model that has none is unsupported", async () => {
    const answer = await testServer(scriptedModel({ replies: ["Yes."] })).post("/v1/embeddings", { input: "red" });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "unsupported" } } });
  });

  test("of a text that is longer than the context says so", async () => {
    const answer = await server.post("/v1/embeddings", { input: ["red", "word ".repeat(5000)] });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "context_overflow", param: "input[1]" } } });
  });

  test("is in the log with its usage, and no text", () => {
    expect(server.log.find((entry) => entry.event === "request_ended" && entry.status === 200)).toMatchObject({
      route: "/v1/embeddings",
      model: "demo",
      end: "embeddings",
      usage: { completionTokens: 0 },
    });
  });
});

describe("/v1/tokenize and /v1/detokenize", () => {
  test("are each other's other way round", async () => {
    for (const prompt of ["Once upon a time", "Grüße 😀\n\0", "", "<|im_end|>"]) {
      const { json } = await server.post("/v1/tokenize", { prompt });
      const { count, tokens } = json as { count: number; tokens: number[] };
      expect(count).toBe(tokens.length);
      expect(json).toMatchObject({ max_model_len: 2048 });
      expect(await server.post("/v1/detokenize", { tokens })).toMatchObject({ status: 200, json: { prompt } });
    }
  });

  test("take control tokens that a text spells for text, but where they are asked to", async () => {
    const count = async (body: object) => ((await server.post("/v1/tokenize", body)).json as { count: number }).count;
    expect(await count({ prompt: "<|im_end|>" })).toBeGreaterThan(1);
    expect(await count({ prompt: "<|im_end|>", special: true })).toBe(1);
    expect(await count({ prompt: "<|im_end|>", special: false })).toBeGreaterThan(1);
  });

  test("count a chat's prompt as its answer does", async () => {
    const counted = await server.post("/v1/tokenize", capital);
    expect(counted.json).toEqual({ count: 16, max_model_len: 2048 });
    const answer = await server.post("/v1/chat/completions", capital);
    expect(answer.json).toMatchObject({ usage: { prompt_tokens: 16 } });
  });

  test("neither a text nor a chat is refused by what is missing", async () => {
    const answer = await server.post("/v1/tokenize", { text: "Hi" });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "invalid_request" } } });
    expect(answer.text).toMatch(/prompt|messages/);
  });
});
