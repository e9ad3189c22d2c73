import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, describe, test } from "vitest";
import { type LoadProgress, Model } from "wick";
import { Model as WasmModel } from "wick/wasm";
import { hubAddresses } from "../../src/hub/hub-addresses.js";
import { hubModels, hubSource } from "../../src/hub/hub.js";
import { hubName } from "../../src/hub/hub-name.js";
import { commit, sha256, standInHub } from "./stand-in-hub.js";
import { big, demo, fetchBig, filesBelow, repositories } from "./test-repositories.js";

const program = fileURLToPath(new URL("fetch.child.ts", import.meta.url));
const messages = [{ role: "user" as const, content: "What is the capital of France?" }];

describe("a model of the hub", () => {
  test("is fetched, laid out as Python's tools do, and answers", async () => {
    await using hub = await standInHub(repositories);
    const progress: LoadProgress[] = [];
    const model = await Model.load("wick/demo:Q8_0", { hub: hub.options, onProgress: (p) => progress.push(p) });
    const { choices } = await model.chat.complete({ messages, temperature: 0 });
    expect(choices[0].message.content).toBe("The capital of France is Paris.");
    await model.close();
    const folder = join(hub.cacheDir, "models--wick--demo");
    expect((await filesBelow(folder)).toSorted()).toEqual([
      `blobs/${sha256(demo)}`,
      "refs/main",
      `snapshots/${commit}/demo.Q8_0.gguf`,
    ]);
    expect(await readlink(join(folder, "snapshots", commit, "demo.Q8_0.gguf"))).toBe(`../../blobs/${sha256(demo)}`);
    expect(await readFile(join(folder, "refs/main"), "utf8")).toBe(commit);
    const downloads = progress.filter((p) => p.kind === "download");
    expect(downloads.at(-1)).toMatchObject({
      file: "demo.Q8_0.gguf",
      loadedBytes: demo.length,
      totalBytes: demo.length,
      remainingMs: 0,
    });

    const before = hub.fetched().length;
    await (await Model.load({ hub: "wick/demo", file: "demo.Q8_0.gguf" }, { hub: hub.options })).close();
    expect(hub.fetched()).toHaveLength(before);
    expect(await hubModels(hub.options)).toEqual([
      { id: "wick/demo", file: "demo.Q8_0.gguf", bytes: demo.length, revision: commit },
    ]);
  });

  test("in several files, whose small ones have git's hash, also through WebAssembly", async () => {
    await using hub = await standInHub(repositories);
    for (const loader of [Model, WasmModel]) {
      const model = await loader.load("wick/tiny", { hub: hub.options });
      expect(model.info).toMatchObject({ id: "wick/tiny", architecture: "qwen3" });
      await model.close();
    }
    const names = await filesBelow(join(hub.cacheDir, "models--wick--tiny/snapshots", commit));
    expect(names).toEqual(expect.arrayContaining(["config.json", "model.safetensors.index.json", "tokenizer.json"]));
    expect(await hubModels(hub.options)).toMatchObject([
      { id: "wick/tiny", file: expect.stringContaining(".safetensors"), revision: commit },
    ]);
  });

  test("the token goes to the hub alone", async () => {
    await using hub = await standInHub(repositories);
    await fetchBig(hub);
    const [ours, others] = ["hub", "storage"].map((at) => hub.received.filter((request) => request.at === at));
    expect(ours?.every(({ headers }) => headers.authorization === "Bearer hf_secret")).toBe(true);
    expect(others?.length).toBeGreaterThan(1);
    expect(others?.some(({ headers }) => headers.authorization !== undefined)).toBe(false);
    expect(others?.every(({ headers }) => headers["accept-encoding"]?.startsWith("identity"))).toBe(true);
  });

  test("offline, what was fetched is found, and nothing is asked", async () => {
    await using hub = await standInHub(repositories);
    await fetchBig(hub);
    const before = hub.received.length;
    const offline = { ...hub.options, offline: true };
    expect(await fetchBig(hub, { hub: offline })).toEqual({
      kind: "path",
      path: join(hub.cacheDir, "models--wick--big/snapshots", commit, "big.Q4_0.gguf"),
    });
    await expect(hubSource(hubName("wick/demo"), { hub: offline })).rejects.toMatchObject({ code: "not_found" });
    expect(hub.received).toHaveLength(before);
  });

  test("what Python's tools have fetched is found", async () => {
    await using hub = await standInHub(repositories);
    const folder = join(hub.cacheDir, "models--wick--big");
    await mkdir(join(folder, "blobs"), { recursive: true });
    await writeFile(join(folder, "blobs", sha256(big)), big);
    await fetchBig(hub);
    expect(hub.fetched()).toHaveLength(0);
  });

  test("two at once fetch it once", async () => {
    await using hub = await standInHub(repositories);
    await Promise.all([fetchBig(hub), fetchBig(hub), fetchBig(hub)]);
    const bytes = hub.received
      .filter(({ at }) => at === "storage")
      .map(({ headers }) => /(\d+)-(\d+)/.exec(headers.range ?? ""))
      .reduce((sum, range) => sum + Number(range?.[2]) + 1 - Number(range?.[1]), 0);
    expect(bytes).toBe(big.length);
  });
});

test("two processes at once fetch it once", async () => {
  await using hub = await standInHub(repositories);
  const run = () =>
    once(spawn(process.execPath, ["--no-warnings", program, hub.endpoint, hub.cacheDir], { stdio: "ignore" }), "close");
  expect(await Promise.all([run(), run(), run()])).toEqual([
    [0, null],
    [0, null],
    [0, null],
  ]);
  const starts = hub
    .fetched()
    .filter(({ at }) => at === "storage")
    .map(({ headers }) => headers.range);
  expect(new Set(starts).size).toBe(starts.length);
});

describe("in hosts without files", () => {
  const hubOf = ({ endpoint }: { endpoint: string }) => ({ hub: { endpoint } });

  test("a file and a checkpoint are had by their addresses, of one commit", async () => {
    await using hub = await standInHub(repositories);
    const one = await hubAddresses(hubName("wick/demo:Q8_0"), hubOf(hub));
    if (one.kind !== "files") throw new Error(one.kind);
    expect([one.isFolder, one.files.map(({ name }) => name)]).toEqual([false, ["demo.Q8_0.gguf"]]);
    const { chunks = [] } = (await one.files[0]?.open({})) ?? {};
    const pieces = [];
    for await (const piece of chunks) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(demo)).toBe(true);
    expect(hub.received.some(({ path }) => path.includes(`/resolve/${commit}/`))).toBe(true);

    const folder = await hubAddresses(hubName("wick/tiny"), hubOf(hub));
    if (folder.kind !== "files") throw new Error(folder.kind);
    expect(folder.isFolder).toBe(true);
    expect(folder.files.map(({ name }) => name)).toContain("model.safetensors.index.json");
  });

  test("a token goes to the hub, in a header", async () => {
    await using hub = await standInHub(repositories);
    const source = await hubAddresses(hubName("wick/demo:Q8_0"), {
      hub: { endpoint: hub.endpoint, token: "hf_secret" },
    });
    if (source.kind === "files") await source.files[0]?.open({});
    const ours = hub.received.filter(({ at }) => at === "hub");
    expect(ours.map(({ headers }) => headers.authorization)).toEqual(["Bearer hf_secret", "Bearer hf_secret"]);
    expect(hub.received.filter(({ at }) => at === "storage").map(({ headers }) => headers.authorization)).toEqual([
      undefined,
    ]);
  });

  test.each([{ cacheDir: "/x" }, { offline: true }])("%j is for those with files", async (rest) => {
    const source = hubAddresses(hubName("wick/demo"), { hub: { endpoint: "http://127.0.0.1:9", ...rest } });
    await expect(source).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("what the hub refuses", () => {
  test.each<[string, number, Record<string, string>, object, RegExp]>([
    ["gated", 403, { "x-error-code": "GatedRepo" }, { code: "unauthorized" }, /agree on its page/],
    ["private, or missing", 401, { "x-error-code": "RepoNotFound" }, { code: "not_found" }, /check the name/],
    ["without a code", 401, {}, { code: "unauthorized" }, /token/],
    ["forbidden", 403, {}, { code: "unauthorized" }, /token/],
    ["missing", 404, {}, { code: "not_found" }, /check the name/],
    ["too often", 429, { "retry-after": "9" }, { code: "rate_limited", info: { retryAfterMs: 9000 } }, /later/],
    ["broken", 500, {}, { code: "download_failed", info: { retryable: true } }, /500/],
  ])("%s", async (_, status, headers, expected, message) => {
    await using hub = await standInHub(repositories);
    hub.fault = (request, response) => {
      if (!request.path.startsWith("/api/")) return false;
      response.writeHead(status, headers).end();
      return true;
    };
    const error = await fetchBig(hub).catch((caught) => caught);
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(message);
    expect(JSON.stringify(error.info)).not.toContain("hf_secret");
  });

  test("a revision, a file, a type that is not there: told with what is", async () => {
    await using hub = await standInHub(repositories);
    const load = async (source: Parameters<typeof hubName>[0]) => hubSource(hubName(source), { hub: hub.options });
    await expect(load({ hub: "wick/big", revision: "v9" })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("revision"),
    });
    await expect(load("wick/big/other.gguf")).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("big.Q4_0.gguf"),
    });
    await expect(load("wick/big:Q8_0")).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("big.Q4_0.gguf"),
    });
    await expect(load("wick/none")).rejects.toMatchObject({ code: "not_found" });
  });

  test("a renamed repository is fetched by its new name", async () => {
    await using hub = await standInHub(repositories);
    hub.fault = ({ path }, response) => {
      if (!path.startsWith("/api/models/old/name/")) return false;
      response.writeHead(307, { location: path.replace("old/name", "wick/big") }).end();
      return true;
    };
    const source = await hubSource(hubName("old/name"), { hub: hub.options });
    expect(source).toMatchObject({ path: expect.stringContaining("models--wick--big") });
  });

  test("no one is there", async () => {
    const hub = await standInHub(repositories);
    await hub[Symbol.asyncDispose]();
    await expect(fetchBig(hub)).rejects.toMatchObject({
      code: "download_failed",
      message: expect.stringContaining("HF_HUB_OFFLINE"),
    });
  });

  test("names that lead out of the folder are no files of it", async () => {
    await using hub = await standInHub({
      "wick/evil": { "../../evil.gguf": demo, "/etc/evil.gguf": demo, "a/../b.gguf": demo },
    });
    await expect(hubSource(hubName("wick/evil"), { hub: hub.options })).rejects.toMatchObject({
      code: "model_unsupported",
    });
    expect(await filesBelow(hub.cacheDir)).toEqual([]);
  });
});
