import { describe, expect, test } from "vitest";
import { loopbackHost, sends } from "./loopback-host.js";
import { type ProviderName } from "./sent.js";

describe("embeddings", () => {
  const vectors = (...rows: number[][]) =>
    JSON.stringify({
      object: "list",
      model: "e",
      data: rows.map((embedding, at) => ({ index: rows.length - 1 - at, embedding })).toReversed(),
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  const json = { "content-type": "application/json" };

  test.each<[ProviderName, string]>([
    ["openai", "dimensions"],
    ["mistral", "output_dimension"],
    ["wick", "dimensions"],
  ])("of %s, in the order of the texts and of length 1", async (provider, dimensions) => {
    await using host = await loopbackHost(sends(vectors([3, 4], [0, 2]), json));
    const list = await host.connect({ provider }).embeddings.create({ inputs: ["a", "b"], dimensions: 2 });
    expect(list.data).toEqual([
      { index: 0, embedding: [0, 1] },
      { index: 1, embedding: [0.6, 0.8] },
    ]);
    expect(list).toMatchObject({ object: "list", model: "e", usage: { promptTokens: 3, totalTokens: 3 } });
    expect(host.received[0]).toMatchObject({
      path: "/v1/embeddings",
      body: { model: "m", input: ["a", "b"], [dimensions]: 2 },
    });
  });

  test("as the host has them", async () => {
    await using host = await loopbackHost(sends(vectors([3, 4]), json));
    const list = await host.connect().embeddings.create({ inputs: "a", normalize: false });
    expect(list.data[0]?.embedding).toEqual([3, 4]);
  });

  test.each(["<html>", "{}", vectors([1]), '{"data":[{"embedding":"AAAA"},{"embedding":[1]}]}'])(
    "%s is stream_protocol",
    async (body) => {
      await using host = await loopbackHost(sends(body, json));
      await expect(host.connect().embeddings.create({ inputs: ["a", "b"] })).rejects.toMatchObject({
        code: "stream_protocol",
      });
    },
  );

  test("are tried again, end with their signal, and are refused typed", async () => {
    await using host = await loopbackHost((response, _, count) =>
      count === 0
        ? response.writeHead(503).end()
        : count === 1
          ? response.writeHead(200, json).end(vectors([1]))
          : undefined,
    );
    const model = host.connect({ maxRetries: 1 });
    expect((await model.embeddings.create({ inputs: "a" })).data).toHaveLength(1);
    const pending = model.embeddings.create({ inputs: "a" }, { signal: AbortSignal.timeout(50) });
    await expect(pending).rejects.toMatchObject({ code: "cancelled", name: "AbortError" });
    await expect(model.embeddings.create({ inputs: "a" }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "timeout",
    });
    await expect(model.embeddings.create({ inptus: "a" } as never)).rejects.toMatchObject({
      code: "invalid_request",
      info: { where: "inptus" },
    });
  });
});
