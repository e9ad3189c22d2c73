import { describe, expect, test } from "vitest";
import type { ConnectOptions } from "wick";
import { connect } from "../../src/remote/connect.js";
import { loopbackHost, messages, sends } from "./loopback-host.js";

describe("Model.connect refuses", () => {
  const whole = { provider: "openai", model: "m" };

  test.each<[unknown, string]>([
    [undefined, "options"],
    [{}, "options.provider"],
    [{ ...whole, provider: "anthropic" }, "options.provider"],
    [{ ...whole, provider: "__proto__" }, "options.provider"],
    [{ ...whole, model: "" }, "options.model"],
    [{ ...whole, modle: "x" }, "options.modle"],
    [{ ...whole, apiKey: null }, "options.apiKey"],
    [{ ...whole, apiKey: "" }, "options.apiKey"],
    [{ ...whole, apiKey: "key\n" }, "options.apiKey"],
    [{ ...whole, apiKey: 7 }, "options.apiKey"],
    [{ ...whole, baseURL: "localhost:8080" }, "options.baseURL"],
    [{ ...whole, baseURL: "nonsense" }, "options.baseURL"],
    [{ ...whole, baseURL: "http://user:pass@host" }, "options.baseURL"],
    [{ ...whole, baseURL: "http://a", endpoints: ["http://b"] }, "options.endpoints"],
    [{ ...whole, endpoints: [] }, "options.endpoints"],
    [{ ...whole, endpoints: ["http://a", "x"] }, "options.endpoints[1]"],
    [{ ...whole, provider: "wick" }, "options.baseURL"],
    [{ ...whole, provider: "mistralrs" }, "options.baseURL"],
    [{ ...whole, fetch: 7 }, "options.fetch"],
    [{ ...whole, extraHeaders: { "bad name": "x" } }, "options.extraHeaders"],
    [{ ...whole, extraHeaders: { a: 7 } }, "options.extraHeaders"],
    [{ ...whole, extraBody: { a: () => 1 } }, "options.extraBody.a"],
    [{ ...whole, connectTimeoutMs: 0 }, "options.connectTimeoutMs"],
    [{ ...whole, idleTimeoutMs: "5" }, "options.idleTimeoutMs"],
    [{ ...whole, totalTimeoutMs: Number.POSITIVE_INFINITY }, "options.totalTimeoutMs"],
    [{ ...whole, maxRetries: 1.5 }, "options.maxRetries"],
    [{ ...whole, maxRetries: 1000 }, "options.maxRetries"],
  ])("%o", (options, where) => {
    const info = expect.objectContaining({ where });
    expect(() => connect(options as ConnectOptions)).toThrow(
      expect.objectContaining({ code: "invalid_request", info }),
    );
  });
});

describe("what a remote model cannot do", () => {
  test("is unsupported, with where", async () => {
    await using host = await loopbackHost(sends(""));
    const model = host.connect();
    const calls: Record<string, () => Promise<unknown>> = {
      tokenize: () => model.tokenize("a"),
      detokenize: () => model.detokenize([1]),
      countTokens: () => model.countTokens({ messages }),
      applyChatTemplate: () => model.applyChatTemplate({ messages }),
      logits: () => model.logits([1]),
    };
    for (const [where, call] of Object.entries(calls)) {
      await expect(call()).rejects.toMatchObject({ code: "unsupported", info: { where } });
    }
    expect(host.received).toHaveLength(0);
    expect(model.info).toEqual({
      id: "m",
      backend: "remote",
      capabilities: { tools: true, reasoning: true, fim: true, embeddings: true },
      warnings: [],
    });
    expect(model.trace()).toEqual([]);
  });

  test("Wick's server counts tokens", async () => {
    await using host = await loopbackHost(
      sends('{"tokens":[1,2],"count":2,"prompt":"ab"}', { "content-type": "application/json" }),
    );
    const model = host.connect({ provider: "wick" });
    expect(await model.tokenize("ab", { special: true })).toEqual([1, 2]);
    expect(await model.detokenize([1, 2])).toBe("ab");
    expect(await model.countTokens({ messages })).toBe(2);
    expect(host.received.map(({ path }) => path)).toEqual(["/v1/tokenize", "/v1/detokenize", "/v1/tokenize"]);
    expect(host.received[0]?.body).toEqual({ model: "m", prompt: "ab", special: true });
    expect(host.received[2]?.body).toMatchObject({ messages });
    await using other = await loopbackHost(sends('{"count":2}', { "content-type": "application/json" }));
    const tokens = other.connect({ provider: "wick" }).tokenize("ab");
    await expect(tokens).rejects.toMatchObject({ code: "stream_protocol" });
  });
});
