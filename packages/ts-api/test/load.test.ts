import { describe, expect, test, vi } from "vitest";
import { createModel } from "../src/model/create-model.js";
import type { LoadOptions, LoadProgress, ModelSource } from "../src/model/load-options.js";
import { FakeEngine, fakeBackend } from "./fake-engine.js";

const info = { id: "m", capabilities: { tools: false, reasoning: false, fim: false, embeddings: false }, warnings: [] };
const turn = () => new Promise((resolve) => setTimeout(resolve));

function setUp() {
  const engine = new FakeEngine();
  const backend = fakeBackend(engine);
  return { engine, backend, Model: createModel(backend) };
}

describe("a source", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  test.each<[string, ModelSource, object, Uint8Array[]]>([
    ["./x", "./x", { kind: "path", path: "./x" }, []],
    ["../x", "../x/y.gguf", { kind: "path", path: "../x/y.gguf" }, []],
    ["/x", "/x/y", { kind: "path", path: "/x/y" }, []],
    ["~/x", "~/x", { kind: "path", path: "/home/me/x" }, []],
    ["C:\\x", "C:\\x", { kind: "path", path: "C:\\x" }, []],
    ["..\\x", "..\\x", { kind: "path", path: "..\\x" }, []],
    [".", ".", { kind: "path", path: "." }, []],
    ["a name", "model.gguf", { kind: "path", path: "model.gguf" }, []],
    ["a file URL", new URL("file:///x/y.gguf"), { kind: "path", path: "/x/y.gguf" }, []],
    ["a file URL as a string", "file:///x/y.gguf", { kind: "path", path: "/x/y.gguf" }, []],
    ["bytes", bytes, { kind: "bytes", buffer: 0 }, [bytes]],
    ["an ArrayBuffer", bytes.buffer, { kind: "bytes", buffer: 0 }, [bytes]],
    [
      "files",
      { files: { "config.json": bytes, "model.safetensors": new Uint8Array(1) } },
      { kind: "files", files: { "config.json": 0, "model.safetensors": 1 } },
      [bytes, new Uint8Array(1)],
    ],
  ])("%s", async (_, source, command, buffers) => {
    const { engine, Model } = setUp();
    void Model.load(source).catch(() => {});
    await turn();
    expect(engine.submitted[0]?.command).toEqual({ kind: "load", source: command, options: {} });
    expect(engine.submitted[0]?.buffers).toEqual(buffers);
  });

  test.each<[string, string, unknown]>([
    ["unsupported", "owner/name", "Qwen/Qwen3-4B"],
    ["unsupported", "owner/name:Q4_K_M", "Qwen/Qwen3-4B:Q4_K_M"],
    ["unsupported", "owner/name/file.gguf", "Qwen/Qwen3-4B/a.gguf"],
    ["unsupported", "hub", { hub: "Qwen/Qwen3-4B" }],
    ["invalid_request", "ftp:", "ftp://example.com/m.gguf"],
    ["invalid_request", "ftp: URL", new URL("ftp://example.com/m.gguf")],
    ["invalid_request", "no URL", "http://"],
    ["invalid_request", "nothing", undefined],
    ["invalid_request", "an empty string", ""],
    ["invalid_request", "a number", 5],
    ["invalid_request", "an empty object", {}],
  ])("%s: %s", async (code, _, source) => {
    const { backend, Model } = setUp();
    await expect(Model.load(source as ModelSource)).rejects.toMatchObject({
      name: "WickError",
      code,
      info: { where: "source" },
    });
    expect(backend.opened).toBe(0);
  });

  test("a file that is no bytes", async () => {
    const { Model } = setUp();
    const source = { files: { "config.json": "{}" } } as never;
    await expect(Model.load(source)).rejects.toMatchObject({
      code: "invalid_request",
      info: { where: 'source.files["config.json"]' },
    });
  });
});

describe("options", () => {
  test("those of the engine are sent, undefined ones are not set", async () => {
    const { engine, Model } = setUp();
    const sent = {
      isq: 4,
      dtype: "bf16",
      backend: "candle",
      device: "cpu",
      threads: 2,
      contextLength: 512,
      maxMemoryBytes: 1e9,
      chatTemplate: "{{ x }}",
      maxSequences: 4,
      maxQueue: 2,
      prefillChunk: 64,
      readAhead: 8,
      kvCache: "f32",
      kvMemoryBytes: 1e8,
    };
    void Model.load("m", { ...sent, speculation: undefined, onProgress: () => {} } as LoadOptions).catch(() => {});
    await turn();
    expect(engine.submitted[0]?.command["options"]).toEqual(sent);
  });

  test.each(["hub", "worker", "workerUrl", "wasmUrl", "browserCache"])("unsupported: %s", async (name) => {
    const { Model } = setUp();
    await expect(Model.load("m", { [name]: 1 })).rejects.toMatchObject({
      code: "unsupported",
      info: { where: `options.${name}` },
    });
    await expect(Model.estimate("m", { [name]: 1 })).rejects.toMatchObject({ code: "unsupported" });
  });

  test.each<[string, object]>([
    ["options.contextLenght", { contextLenght: 5 }],
    ["options.threads", { threads: Number.NaN }],
    ["options.isq", { isq: null }],
    ["options.onProgress", { onProgress: 5 }],
    ["options.signal", { signal: "now" }],
    ["options.onLog", { onLog: true }],
    ["options.logLevel", { logLevel: "trace" }],
  ])("invalid: %s", async (where, options) => {
    const { Model } = setUp();
    await expect(Model.load("m", options)).rejects.toMatchObject({ code: "invalid_request", info: { where } });
  });
});

describe("a load", () => {
  test("reports progress, then gives the model; the process is kept only meanwhile", async () => {
    const { engine, backend, Model } = setUp();
    const onProgress = vi.fn<(progress: LoadProgress) => void>();
    const loading = Model.load("m", { onProgress });
    await turn();
    expect(backend.alive).toEqual([true]);
    engine.put(1, { kind: "progress", progress: { kind: "weights", loadedBytes: 1, totalBytes: 2 } });
    engine.put(1, { kind: "loaded", model: 7, info });
    const model = await loading;
    expect(onProgress.mock.calls).toEqual([[{ kind: "weights", loadedBytes: 1, totalBytes: 2 }]]);
    expect(model.info).toEqual({ ...info, backend: "native" });
    expect(backend.alive.at(-1)).toBe(false);
    const closing = model.close();
    expect(engine.submitted[1]?.command).toEqual({ kind: "close", model: 7 });
    engine.put(2, { kind: "result", value: null });
    await closing;
  });

  test("that fails is a WickError as the engine says", async () => {
    const { engine, Model } = setUp();
    const loading = Model.load("./missing.gguf");
    await turn();
    const error = { code: "io_error", message: "No such file.", where: "./missing.gguf", retryable: false };
    engine.put(1, { kind: "failed", error });
    await expect(loading).rejects.toMatchObject({ code: "io_error", info: error });
  });

  test("that fails by an option has the path as the program wrote it", async () => {
    const { engine, Model } = setUp();
    const loading = Model.load("m", { threads: 0 });
    await turn();
    engine.put(1, {
      kind: "failed",
      error: { code: "invalid_request", message: "No.", where: "threads", retryable: false },
    });
    await expect(loading).rejects.toMatchObject({ info: { where: "options.threads" } });
  });

  test("with an aborted signal opens nothing", async () => {
    const { backend, Model } = setUp();
    const reason = new Error("no");
    await expect(Model.load("m", { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: "cancelled",
      name: "AbortError",
      cause: reason,
    });
    expect(backend.opened).toBe(0);
  });

  test("aborted on its way is told to the engine, and its memory is free when it rejects", async () => {
    const { engine, Model } = setUp();
    const controller = new AbortController();
    const loading = Model.load("m", { signal: controller.signal });
    await turn();
    controller.abort("changed my mind");
    expect(engine.cancelled).toEqual([[1, "signal"]]);
    engine.put(1, { kind: "failed", error: { code: "cancelled", message: "", retryable: false } });
    await expect(loading).rejects.toMatchObject({ code: "cancelled", cause: "changed my mind" });
  });

  test("ends with what onProgress throws", async () => {
    const { engine, Model } = setUp();
    const loading = Model.load("m", {
      onProgress: () => {
        throw new RangeError("mine");
      },
    });
    await turn();
    engine.put(1, { kind: "progress", progress: { kind: "weights", loadedBytes: 1, totalBytes: 2 } });
    await expect(loading).rejects.toThrow(RangeError);
    expect(engine.released).toEqual([1]);
  });

  test("opens the runtime once for all, and again after a failure", async () => {
    const { engine, backend, Model } = setUp();
    const { open } = backend;
    let failures = 1;
    backend.open = async (doorbell, options) => {
      if (failures-- > 0) throw new Error("not yet");
      return open(doorbell, options);
    };
    await expect(Model.load("m")).rejects.toThrow("not yet");
    void Model.load("m");
    void Model.load("m");
    await turn();
    expect(backend.opened).toBe(1);
    expect(engine.submitted).toHaveLength(2);
  });
});

test("logits come as the vector beside the event", async () => {
  const { engine, Model } = setUp();
  const loading = Model.load("m");
  await turn();
  engine.put(1, { kind: "loaded", model: 1, info });
  const model = await loading;
  const asked = model.logits([3, 4], { last: 2 });
  await turn();
  expect(engine.submitted[1]?.command).toEqual({ kind: "logits", model: 1, tokens: [3, 4], last: 2 });
  engine.vector = new Float32Array([0.5, 1]);
  engine.put(2, { kind: "result", value: { tokens: [3, 4], rows: 2, columns: 1 } });
  expect(await asked).toEqual({ tokens: [3, 4], logits: new Float32Array([0.5, 1]) });
});

test("embeddings are cut out of the one vector beside the event", async () => {
  const { engine, Model } = setUp();
  const loading = Model.load("m");
  await turn();
  engine.put(1, { kind: "loaded", model: 1, info });
  const model = await loading;
  const asked = model.embeddings.create({ inputs: ["red", "blue"], normalize: undefined });
  await turn();
  expect(engine.submitted[1]?.command).toEqual({
    kind: "embeddings",
    model: 1,
    request: { inputs: ["red", "blue"] },
  });
  engine.vector = new Float32Array([0.5, 1, -1, 0]);
  const usage = { promptTokens: 2, completionTokens: 0, totalTokens: 2 };
  engine.put(2, { kind: "result", value: { model: "m", dimensions: 2, usage } });
  expect(await asked).toEqual({
    object: "list",
    model: "m",
    data: [
      { index: 0, embedding: [0.5, 1] },
      { index: 1, embedding: [-1, 0] },
    ],
    usage,
  });
  await expect(model.embeddings.create({ inputs: [() => "red"] as never })).rejects.toMatchObject({
    code: "invalid_request",
    info: { where: "inputs[0]" },
  });
});

test("logits take a signal and a time limit", async () => {
  const { engine, Model } = setUp();
  const loading = Model.load("m");
  await turn();
  engine.put(1, { kind: "loaded", model: 1, info });
  const asked = (await loading).logits([3], { timeoutMs: 1 });
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(engine.cancelled).toEqual([[2, "timeout"]]);
  engine.put(2, { kind: "failed", error: { code: "cancelled", message: "", retryable: false } });
  await expect(asked).rejects.toMatchObject({ code: "timeout" });
});

test("what an engine cannot mean ends the stream, it does not throw", async () => {
  const { engine, Model } = setUp();
  const loading = Model.load("m");
  await turn();
  engine.put(1, { kind: "loaded", model: 1, info });
  const reader = (await loading).chat.stream({ messages: [] })[Symbol.asyncIterator]();
  engine.take = () => "{";
  expect(await reader.next()).toMatchObject({ value: { kind: "internal_error", error: { code: "internal" } } });
  expect(engine.released).toEqual([2]);
});

test("an engine that cannot be asked ends the stream too", async () => {
  const { engine, Model } = setUp();
  const loading = Model.load("m");
  await turn();
  engine.put(1, { kind: "loaded", model: 1, info });
  const stream = (await loading).chat.stream({ messages: [] });
  engine.submit = () => {
    throw new Error("shut");
  };
  await expect(stream.final()).rejects.toMatchObject({ code: "internal", message: expect.stringContaining("shut") });
});

test("list comes later", async () => {
  const { Model } = setUp();
  await expect(Model.list()).rejects.toMatchObject({ code: "unsupported" });
});
