import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Model, type ModelLoader, type ModelSource } from "wick";
import { Model as WasmModel } from "wick/wasm";
import { hubAddresses } from "../../src/hub/hub-addresses.js";
import { hubModels, hubSource } from "../../src/hub/hub.js";
import { hubName } from "../../src/hub/hub-name.js";
import { splitGguf } from "./split-gguf.js";
import { commit, standInHub } from "./stand-in-hub.js";
import { demo } from "./test-repositories.js";

const parts = splitGguf(demo, "demo-Q8_0", 3);
const names = Object.keys(parts);
const [first = "", second = ""] = names;
const inFolder = Object.fromEntries(
  Object.entries(parts).map(([name, bytes]) => [`Q8_0/${name}`, Buffer.from(bytes)] as const),
);
const repositories = { "wick/parts": { "README.md": Buffer.from("Hi"), ...inFolder } };

async function answerOf({ load }: ModelLoader, source: ModelSource, options = {}) {
  await using model = await load(source, options);
  const messages = [{ role: "user" as const, content: "What is the capital of France?" }];
  const { choices } = await model.chat.complete({ messages, temperature: 0 });
  return [model.info.id, choices[0].message.content];
}
const answer = "The capital of France is Paris.";

describe.each([
  ["native", Model],
  ["WebAssembly", WasmModel],
])("a GGUF file in parts, %s", (_, loader) => {
  test("from the hub, by its type and by any part", async () => {
    await using hub = await standInHub(repositories);
    for (const name of ["wick/parts", "wick/parts:Q8_0", `wick/parts/Q8_0/${second}`]) {
      expect(await answerOf(loader, name, { hub: hub.options })).toEqual(["demo-Q8_0", answer]);
    }
    const bytes = Object.values(parts).reduce((sum, part) => sum + part.length, 0);
    expect(await hubModels(hub.options)).toEqual([
      { id: "wick/parts", file: `Q8_0/${first}`, bytes, revision: commit },
    ]);
    const offline = { ...hub.options, offline: true };
    expect(await answerOf(loader, "wick/parts:Q8_0", { hub: offline })).toEqual(["demo-Q8_0", answer]);
  });

  test("from an address of one of them", async () => {
    await using hub = await standInHub(repositories);
    const address = `${hub.endpoint}/wick/parts/resolve/${commit}/Q8_0/${first}?download=true`;
    expect(await answerOf(loader, address)).toEqual(["demo-Q8_0", answer]);
  });

  test("from their bytes by their names; one alone, or without its name, is told what is missing", async () => {
    expect(await answerOf(loader, { files: parts })).toEqual(["demo-Q8_0", answer]);
    const { [second]: left, ...rest } = parts;
    await expect(loader.load({ files: rest })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining(second),
    });
    await expect(loader.load(left ?? "")).rejects.toMatchObject({
      code: "model_unsupported",
      message: expect.stringContaining("give all of them"),
    });
  });
});

test("a GGUF file in parts, from a folder, by any of them; without one, it is told which", async () => {
  await using hub = await standInHub({});
  for (const [name, bytes] of Object.entries(parts)) await writeFile(join(hub.cacheDir, name), bytes);
  for (const loader of [Model, WasmModel]) {
    for (const name of names) expect(await answerOf(loader, join(hub.cacheDir, name))).toEqual(["demo-Q8_0", answer]);
  }
  await rm(join(hub.cacheDir, second));
  for (const loader of [Model, WasmModel]) {
    await expect(loader.load(join(hub.cacheDir, first))).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining(second),
    });
  }
});

test("in hosts without files, the parts are had by their addresses", async () => {
  await using hub = await standInHub(repositories);
  const source = await hubAddresses(hubName("wick/parts"), { hub: { endpoint: hub.endpoint } });
  expect(source).toMatchObject({ isFolder: false, files: names.map((name) => ({ name })) });
});

test("a repository that lacks one", async () => {
  const { [`Q8_0/${second}`]: _, ...rest } = inFolder;
  await using hub = await standInHub({ "wick/parts": rest });
  await expect(hubSource(hubName("wick/parts"), { hub: hub.options })).rejects.toMatchObject({
    code: "not_found",
    message: expect.stringContaining(second),
  });
});
