// Whatever is handed in, it ends as a WickError or a terminal with a stable code, the path or field, and what to do; and models
// that are loaded go on.

import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LoadOptions, Model, type ModelSource, WickError } from "wick";
import { collect, eventually, terminalOf } from "./chunks.ts";

const fixture = (path: string) => fileURLToPath(new URL(`../fixtures/demo-model/${path}`, import.meta.url));
const messages = [{ role: "user" as const, content: "Write a short story about Mia the fox." }];
const request = { messages, maxTokens: 24, temperature: 0 };

let folder: string;
let bytes: Uint8Array;
let neighbour: Model;
let expected: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wick-bad-input-"));
  bytes = await readFile(demoModel());
  neighbour = await Model.load(demoModel());
  expected = (await neighbour.chat.complete(request)).choices[0].message.content;
});
afterAll(async () => {
  await neighbour.close();
  await rm(folder, { recursive: true });
});

async function errorOfLoad(source: ModelSource, options?: LoadOptions): Promise<WickError> {
  const error: unknown = await Model.load(source, options).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!WickError.isInstance(error)) throw new Error(`no WickError, but ${String(error)}`);
  expect(error.message).toMatch(/^\S.*\S$/s);
  return error;
}

/** A model, the demo model unless told, with the first `from` in its header made `to`, of the same length. */
function patched(from: string, to: string, of = bytes): Uint8Array {
  const copy = new Uint8Array(of);
  const at = Buffer.from(copy.buffer).indexOf(from);
  if (at < 0 || from.length !== to.length) throw new Error(`cannot patch ${from}`);
  copy.set(new TextEncoder().encode(to), at);
  return copy;
}

describe("a load that cannot be", () => {
  test("a missing file", async () => {
    const path = join(folder, "missing.gguf");
    const error = await errorOfLoad(path);
    expect(error.code).toBe("not_found");
    expect(`${error.info.where} ${error.message}`).toContain("missing.gguf");
  });

  test("a folder without config", async () => {
    const error = await errorOfLoad(folder);
    expect(error.code).toMatch(/^(?:not_found|model_invalid)$/);
    expect(`${error.info.where} ${error.message}`).toContain("config.json");
  });

  test("an unknown architecture", async () => {
    // The value of general.architecture comes before every key that begins with it.
    const error = await errorOfLoad(patched("qwen3", "qwenX"));
    expect(error.code).toBe("model_unsupported");
    expect(error.message).toContain("qwenX");
  });

  test.each([0, 3, 23, 1000, 500_000, -1])("a file cut at %i", async (end) => {
    const path = join(folder, "cut.gguf");
    await writeFile(path, bytes.slice(0, end));
    expect((await errorOfLoad(path)).code).toBe("model_invalid");
    expect((await errorOfLoad(bytes.slice(0, end))).code).toBe("model_invalid");
  });

  test("a GGUF with a type that is not supported", async () => {
    const error = await errorOfLoad(fixture("gguf/wick-demo.IQ4_NL.gguf"));
    expect(error.code).toBe("model_unsupported");
  });

  test("a shard that is not there", async () => {
    for (const name of ["config.json", "tokenizer.json"]) {
      await copyFile(fixture(`safetensors/${name}`), join(folder, name));
    }
    const error = await errorOfLoad(folder);
    expect(error.code).toMatch(/^(?:not_found|model_invalid)$/);
    expect(`${error.info.where} ${error.message}`).toContain("safetensors");
  });

  /** A hub's cache with nothing in it, and no network. */
  const nowhere = { offline: true, cacheDir: join(tmpdir(), "no-such-cache") };

  test.each<[string, string | undefined, LoadOptions]>([
    ["invalid_request", "options.isq", { isq: 7 as 8 }],
    ["invalid_request", "options.threads", { threads: 0 }],
    ["invalid_request", "options.contextLength", { contextLength: 1.5 }],
    ["invalid_request", "options.dtype", { dtype: "f64" as "f32" }],
    ["invalid_request", "options.maxSequences", { maxSequences: 0 }],
    ["invalid_request", "options.prefillChunk", { prefillChunk: 1e9 }],
    ["invalid_request", "options.kvMemoryBytes", { kvMemoryBytes: 1000 }],
    ["invalid_request", "options.kvMemoryBytes", { contextLength: 1024, kvMemoryBytes: 100_000 }],
    ["invalid_request", "options.contextLength", { contextLength: 1_000_000 }],
    ["unsupported", "options.isq", { isq: 4 }],
    ["invalid_request", "options.dtype", { isq: 4, dtype: "f16" }],
    ["invalid_request", "options.browserCash", { browserCash: "none" } as LoadOptions],
    ["unsupported", "options.kvCache", { kvCache: "q8", backend: "candle" }],
    ["unsupported", "options.backend", { backend: "cpu", device: "cuda" }],
    ["unsupported", "options.device", { device: process.platform === "darwin" ? "cuda" : "metal" }],
    ["invalid_request", "options.speculation", { speculation: "lookup" as "ngram" }],
    ["invalid_request", "options.speculation.ngram.maxTokens", { speculation: { ngram: { maxTokens: 0 } } }],
    ["invalid_request", "options.speculation.ngram.maxMatch", { speculation: { ngram: { minMatch: 5, maxMatch: 4 } } }],
    ["invalid_request", "options.speculation", { speculation: null as never }],
    ["invalid_request", "options.speculation.draft", { speculation: { draft: 3 as never } }],
    ["invalid_request", "options.speculation.maxTokens", { speculation: { draft: demoModel(), maxTokens: 65 } }],
    ["not_found", "options.speculation.draft", { hub: nowhere, speculation: { draft: "owner/name" } }],
    ["invalid_request", "options.speculation.draft", { hub: nowhere, speculation: { draft: "owner/../name" } }],
    ["invalid_request", "options.hub.token", { hub: { token: 3 as never } }],
    ["invalid_request", "options.hub.tokn", { hub: { tokn: "x" } as LoadOptions["hub"] }],
    ["not_found", "options.speculation.draft", { speculation: { draft: "./missing.gguf" } }],
    ["template_invalid", "line 1", { chatTemplate: "{% if %}" }],
    ["too_large", undefined, { chatTemplate: "x".repeat(600_000) }],
  ])("%s: %s, nor its estimate", async (code, where, options) => {
    const { info } = await errorOfLoad(demoModel(), options);
    expect(info.code).toBe(code);
    expect(info.where).toBe(where);
    await expect(Model.estimate(demoModel(), options)).rejects.toMatchObject({ info });
  });

  test("more memory than it may have", async () => {
    const error = await errorOfLoad(demoModel(), { maxMemoryBytes: 1_000_000 });
    expect(error.code).toBe("out_of_memory");
    expect((await Model.estimate(demoModel(), { maxMemoryBytes: 1_000_000 })).fits).toBe(false);
    expect(error.info.details).toMatchObject({ needed: expect.any(Number), limit: expect.any(Number) });
  });

  test("a signal before and during the load", async () => {
    const reason = new Error("changed my mind");
    const before = await errorOfLoad(demoModel(), { signal: AbortSignal.abort(reason) });
    expect(before).toMatchObject({ code: "cancelled", name: "AbortError", cause: reason });
    const controller = new AbortController();
    const loading = errorOfLoad(fixture("safetensors"), { isq: 4, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 1);
    expect(await loading).toMatchObject({ code: "cancelled", name: "AbortError", cause: reason });
    const during = new AbortController();
    const onProgress = () => during.abort(reason);
    expect(await errorOfLoad(fixture("safetensors"), { onProgress, signal: during.signal })).toMatchObject({
      cause: reason,
    });
  });

  test("what onProgress throws", async () => {
    const mine = new RangeError("mine");
    const onProgress = () => {
      throw mine;
    };
    await expect(Model.load(fixture("safetensors"), { onProgress })).rejects.toBe(mine);
  });
});

describe("a request that cannot be", () => {
  const errorOf = async (bad: object) => {
    const responses = await collect(neighbour.chat.stream({ ...request, ...bad }));
    expect(responses).toHaveLength(1);
    const terminal = terminalOf(responses);
    if (terminal.kind !== "validation_error") throw new Error(JSON.stringify(terminal));
    await expect(neighbour.chat.complete({ ...request, ...bad })).rejects.toMatchObject({ info: terminal.error });
    return terminal.error;
  };

  test.each<[string, string, object]>([
    ["invalid_request", "maxTokes", { maxTokes: 5 }],
    ["invalid_request", "temperature", { temperature: -1 }],
    ["invalid_request", "temperature", { temperature: "0.7" }],
    ["invalid_request", "temperature", { temperature: null }],
    ["invalid_request", "topP", { topP: 1.1 }],
    ["invalid_request", "maxTokens", { maxTokens: 1.5 }],
    ["invalid_request", "n", { n: 0 }],
    ["invalid_request", "randomSeed", { randomSeed: -1 }],
    ["invalid_request", "stop[1]", { stop: ["a", ""] }],
    ["invalid_request", "messages", { messages: [] }],
    ["invalid_request", "messages[0].role", { messages: [{ role: "developer", content: "x" }] }],
    ["invalid_request", "messages[0].content", { messages: [{ role: "user", content: null }] }],
    [
      "unsupported",
      "messages[0].content[0]",
      { messages: [{ role: "user", content: [{ type: "image_url", imageUrl: "x" }] }] },
    ],
    ["invalid_request", "responseFormat.type", { responseFormat: { type: "yaml" } }],
    ["grammar_invalid", "responseFormat.regex", { responseFormat: { type: "regex", regex: "(" } }],
    ["grammar_limit", "responseFormat.regex", { responseFormat: { type: "regex", regex: "a".repeat(10_000) } }],
    ["unsupported", "extraBody", { extraBody: { a: 1 } }],
    ["unsupported", "safePrompt", { safePrompt: true }],
  ])("%s: %s", async (code, where, bad) => {
    const error = await errorOf(bad);
    expect(error.code).toBe(code);
    expect(error.where?.slice(0, where.length)).toBe(where);
  });

  test("a prompt longer than the context", async () => {
    const content = "word ".repeat((neighbour.info.contextLength ?? 0) + 100);
    const error = await errorOf({ messages: [{ role: "user", content }] });
    expect(error.code).toBe("context_overflow");
    expect(error.details).toMatchObject({ prompt: expect.any(Number), max: expect.any(Number) });
  });

  test.each([
    ["invalid_request", "{{ raise_exception('no system message please') }}"],
    ["template_limit", "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"],
  ])("a template that fails: %s", async (code, chatTemplate) => {
    const model = await Model.load(demoModel(), { chatTemplate });
    expect(await collect(model.chat.stream(request))).toMatchObject([{ kind: "validation_error", error: { code } }]);
    await expect(model.applyChatTemplate({ messages })).rejects.toMatchObject({ code });
    expect((await model.completions.complete({ prompt: "Once", maxTokens: 4 })).object).toBe("text_completion");
    await model.close();
  });

  test.each<[readonly number[]]>([[[-1]], [[2 ** 40]], [[1.5]], [[Number.NaN]]])("tokens %j", async (tokens) => {
    await expect(neighbour.detokenize(tokens)).rejects.toMatchObject({ code: "invalid_request" });
    await expect(neighbour.logits(tokens)).rejects.toMatchObject({ code: "invalid_request" });
    await expect(neighbour.completions.complete({ prompt: tokens })).rejects.toMatchObject({ code: "invalid_request" });
  });

  test.each<[string, string, object]>([
    ["context_overflow", "inputs[1]", { inputs: ["short", "long ".repeat(5000)] }],
    ["invalid_request", "inputs", { inputs: [] }],
    ["invalid_request", "inputs[0]", { inputs: [""] }],
    ["invalid_request", "inputs", { input: "short" }],
    ["unsupported", "dimensions", { inputs: "short", dimensions: 2 }],
  ])("embeddings: %s at %s", async (code, where, wrong) => {
    await expect(neighbour.embeddings.create(wrong as never)).rejects.toMatchObject({ code, info: { where } });
  });

  test("a model without tokens for it fills in nothing", async () => {
    const unnamed = patched("ggml.fim_suf_token_id", "ggml.fim_not_token_id");
    const without = await Model.load(patched("<|fim_suffix|>", "<|fim_nothin|>", unnamed));
    expect(without.info.capabilities.fim).toBe(false);
    expect(await collect(without.fim.stream({ prompt: "a" }))).toMatchObject([
      { kind: "validation_error", error: { code: "unsupported", where: "prompt" } },
    ]);
    await expect(without.fim.complete({ prompt: "a" })).rejects.toMatchObject({ code: "unsupported" });
    await without.close();
  });

  test("a lone surrogate becomes U+FFFD", async () => {
    expect(await neighbour.tokenize("a\ud83d")).toEqual(await neighbour.tokenize("a\ufffd"));
  });
});

describe("after the end", () => {
  test("a second iteration, and use after dispose", async () => {
    const model = await Model.load(demoModel());
    const stream = model.chat.stream(request);
    await collect(stream);
    expect(() => stream[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "stream_consumed" }));
    const live = model.chat.stream({ ...request, ignoreEos: true, maxTokens: 500 });
    const reader = live[Symbol.asyncIterator]();
    await reader.next();
    await Promise.all([model.close(), model.close()]);
    const rest = [];
    for (let result = await reader.next(); result.done !== true; result = await reader.next()) rest.push(result.value);
    expect(terminalOf(rest)).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
    expect(await collect(model.chat.stream(request))).toMatchObject([{ error: { code: "engine_closed" } }]);
    await expect(model.tokenize("x")).rejects.toMatchObject({ code: "engine_closed" });
  });
});

test("the model that was loaded before all this goes on as before", async () => {
  expect((await neighbour.chat.complete(request)).choices[0].message.content).toBe(expected);
  // The engine tells the reader first, and then counts.
  await eventually(() => neighbour.stats().running + neighbour.stats().queued === 0);
});
