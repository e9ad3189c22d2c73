import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { wickEmbedding } from "../src/index.ts";
import { chunks, hosted } from "./hosted.ts";
import { quietWarnings, rejection, versions } from "./versions.ts";

quietWarnings();

const model = () => scriptedModel({ replies: [], embeddings: (text) => [text.length, 1] });

describe.each(versions)("$name", ({ ai }) => {
  test("embeds many, in several calls where there are too many for one", async () => {
    const values = Array.from({ length: 5000 }, (_, index) => `text ${index}`);
    const embeddingModel = wickEmbedding(model(), { defaults: { normalize: false } });
    const { embeddings, usage } = await ai.embedMany({ model: embeddingModel, values });
    expect(embeddings).toEqual(values.map(({ length }) => [length, 1]));
    expect(usage.tokens).toBe(values.reduce((sum, { length }) => sum + length, 0));
  });

  test("embeds nothing", async () => {
    const { embeddings } = await ai.embedMany({ model: wickEmbedding(model()), values: [] });
    expect(embeddings).toEqual([]);
  });

  test("ends with its signal", async () => {
    const abortSignal = AbortSignal.abort();
    const call = ai.embed({ model: wickEmbedding(model()), value: "a", abortSignal });
    expect(await rejection(call)).toBe(abortSignal.reason);
  });

  test("tells what the model refuses", async () => {
    const error = await rejection(ai.embed({ model: wickEmbedding(model()), value: "" }));
    expect(ai.APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({
      code: "invalid_request",
      info: { where: "inputs[0]" },
      url: "wick.embedding:scripted",
    });
  });
});

test("takes options of Wick and of ai 7", async () => {
  const options = { values: ["abc"], dimensions: 2, providerOptions: { wick: { normalize: false } } };
  expect((await wickEmbedding(model()).doEmbed(options)).embeddings).toEqual([[3, 1]]);
  const error = await rejection(wickEmbedding(model()).doEmbed({ ...options, dimensions: 3 } as typeof options));
  expect(error).toMatchObject({ code: "unsupported", functionality: "dimensions" });
  expect(
    await rejection(wickEmbedding(model()).doEmbed({ values: ["a"], providerOptions: { wick: { size: 3 } } })),
  ).toMatchObject({ code: "invalid_request", info: { where: "size" } });
  expect(
    await rejection(wickEmbedding(model()).doEmbed({ values: ["a"], providerOptions: { wick: { inputs: "b" } } })),
  ).toMatchObject({ name: "AI_InvalidArgumentError" });
});

test("headers go to a host, and a local model tells that it sends none", async () => {
  const { warnings } = await wickEmbedding(model()).doEmbed({ values: ["a"], headers: { "x-a": "1" } });
  expect(warnings).toMatchObject([{ type: "unsupported", feature: "headers" }]);
  const host = hosted(() => Response.json({ data: [{ index: 0, embedding: [3, 4] }], model: "m" }));
  const result = await wickEmbedding(host.model).doEmbed({ values: ["a"], headers: { "x-a": "1" } });
  expect(host.asked[0]?.headers.get("x-a")).toBe("1");
  expect(result.embeddings).toEqual([[0.6, 0.8]]);
  expect(result.usage).toBeUndefined();
  expect(result.warnings).toEqual([]);
});

test("a signal ends a call that waits for a host, with its reason", async () => {
  const controller = new AbortController();
  const { model: host } = hosted(() => {
    controller.abort("enough");
    return new Promise<Response>(() => {});
  });
  const call = wickEmbedding(host).doEmbed({ values: ["a"], abortSignal: controller.signal });
  expect(await rejection(call)).toBe("enough");
});

test("a host that answers with something else is told of", async () => {
  const { model: host } = hosted(() => chunks({ content: "Hi" }));
  expect(await rejection(wickEmbedding(host).doEmbed({ values: ["a"] }))).toMatchObject({ code: "stream_protocol" });
});
