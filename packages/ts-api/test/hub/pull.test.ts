import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LoadProgress, Model, WickError } from "wick";
import { Model as WasmModel } from "wick/wasm";
import { createModel } from "../../src/model/create-model.js";
import { FakeEngine, fakeBackend } from "../fake-engine.js";
import { splitGguf } from "./split-gguf.js";
import { commit, standInHub } from "./stand-in-hub.js";
import { big, demo, repositories } from "./test-repositories.js";

describe.each([
  ["native", Model],
  ["WebAssembly", WasmModel],
])("a pull, %s", (_, loader) => {
  test("has the file in the cache, says where, and loads nothing; the path loads", async () => {
    await using hub = await standInHub(repositories);
    const progress: LoadProgress[] = [];
    const pulled = await loader.pull("wick/demo:Q8_0", { hub: hub.options, onProgress: (p) => progress.push(p) });
    expect(pulled).toEqual({
      id: "wick/demo",
      revision: commit,
      path: join(hub.cacheDir, "models--wick--demo/snapshots", commit, "demo.Q8_0.gguf"),
      files: [{ name: "demo.Q8_0.gguf", bytes: demo.length }],
      bytes: demo.length,
    });
    expect(new Set(progress.map(({ kind }) => kind))).toEqual(new Set(["download"]));
    expect(await loader.list({ hub: hub.options })).toEqual([
      { id: "wick/demo", file: "demo.Q8_0.gguf", bytes: demo.length, revision: commit },
    ]);
    const before = hub.fetched().length;
    await using model = await loader.load(pulled.path);
    expect(model.info.id).toContain("demo");
    expect(await loader.pull("wick/demo/demo.Q8_0.gguf", { hub: hub.options })).toEqual(pulled);
    expect(await loader.pull("wick/demo", { hub: { ...hub.options, offline: true } })).toEqual(pulled);
    expect(hub.fetched()).toHaveLength(before);
  });
});

test("of a checkpoint is its folder, of parts the first of them", async () => {
  const parts = Object.entries(splitGguf(demo, "demo-Q8_0", 3));
  const split = Object.fromEntries(parts.map(([name, bytes]) => [`Q8_0/${name}`, Buffer.from(bytes)]));
  await using hub = await standInHub({ ...repositories, "wick/parts": split });
  const checkpoint = await Model.pull("wick/tiny", { hub: hub.options });
  expect(checkpoint.path).toBe(join(hub.cacheDir, "models--wick--tiny/snapshots", commit));
  expect(checkpoint.files.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["config.json", "tokenizer.json", "model-00001-of-00004.safetensors"]),
  );
  const { path, files, bytes } = await Model.pull("wick/parts", { hub: hub.options });
  expect(path).toMatch(/Q8_0[\\/]demo-Q8_0-00001-of-00003\.gguf$/);
  expect([files.length, bytes]).toEqual([3, parts.reduce((sum, [, part]) => sum + part.length, 0)]);
});

test("that is cancelled keeps what has come", async () => {
  await using hub = await standInHub(repositories);
  const stop = new AbortController();
  let told = 0;
  const onProgress = (p: LoadProgress) => {
    told = p.loadedBytes;
    if (told > 0) stop.abort("enough");
  };
  const error = await Model.pull("wick/big", { hub: hub.options, signal: stop.signal, onProgress }).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ code: "cancelled", cause: "enough" });
  const counts: number[] = [];
  const { bytes } = await Model.pull("wick/big", {
    hub: hub.options,
    onProgress: (p) => void counts.push(p.loadedBytes),
  });
  expect(bytes).toBe(big.length);
  expect(counts[0]).toBeGreaterThanOrEqual(told);
  await expect(Model.pull("wick/demo", { hub: hub.options, signal: stop.signal })).rejects.toMatchObject({
    code: "cancelled",
  });
});

describe("what is refused", () => {
  test.each<[string, unknown, object, object]>([
    ["a path", "./model.gguf", {}, { code: "invalid_request", info: { where: "source" } }],
    ["a name without an owner", "model", {}, { code: "invalid_request", info: { where: "source" } }],
    ["bytes", new Uint8Array(3), {}, { code: "invalid_request", info: { where: "source" } }],
    ["nothing", undefined, {}, { code: "invalid_request", info: { where: "source" } }],
    ["no object", "a/b", 7 as never, { code: "invalid_request", info: { where: "options" } }],
    [
      "an option of a load",
      "a/b",
      { contextLength: 5 },
      { code: "invalid_request", info: { where: "options.contextLength" } },
    ],
    ["no function", "a/b", { onProgress: true }, { code: "invalid_request", info: { where: "options.onProgress" } }],
    ["no signal", "a/b", { signal: {} }, { code: "invalid_request", info: { where: "options.signal" } }],
    [
      "an option of no hub",
      "a/b",
      { hub: { dir: "x" } },
      { code: "invalid_request", info: { where: "options.hub.dir" } },
    ],
    [
      "no address",
      "a/b",
      { hub: { endpoint: "nowhere" } },
      { code: "invalid_request", info: { where: "options.hub.endpoint" } },
    ],
  ])("%s", async (_, source, options, expected) => {
    await expect(Model.pull(source as string, options)).rejects.toMatchObject(expected);
  });

  test("a file and a type that are not there, in and out of the cache", async () => {
    await using hub = await standInHub(repositories);
    for (const options of [hub.options, { ...hub.options, offline: true }]) {
      await expect(Model.pull("wick/none", { hub: options })).rejects.toMatchObject({ code: "not_found" });
      await expect(Model.pull("wick/big:Q8_0", { hub: options })).rejects.toMatchObject({ code: "not_found" });
    }
  });

  test("a host that keeps no files", async () => {
    const loader = createModel(fakeBackend(new FakeEngine()));
    await expect(loader.pull("a/b")).rejects.toMatchObject({ code: "unsupported", info: { where: "pull" } });
    await expect(loader.remove("a/b")).rejects.toMatchObject({ code: "unsupported", info: { where: "remove" } });
    await expect(loader.list()).rejects.toSatisfy(WickError.isInstance);
  });
});
