import { demoModel } from "@wick/demo-model";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { lstat, mkdir, readFile, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, describe, test } from "vitest";
import { type LoadProgress, Model, WickError } from "wick";
import { Model as WasmModel } from "wick/wasm";
import { hubAddresses } from "../../src/hub/hub-addresses.js";
import { hubModels, hubSource } from "../../src/hub/hub.js";
import { hubName } from "../../src/hub/hub-name.js";
import { commit, sendRange, sha256, standInHub } from "./stand-in-hub.js";

const demo = await readFile(demoModel());
const checkpoint = Object.fromEntries(
  await Promise.all(
    (await readdir(new URL("../../../../test/fixtures/tiny-models/qwen3", import.meta.url), { withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => [name, await readFile(join(parentPath, name))] as const),
  ),
);
const program = fileURLToPath(new URL("fetch.child.ts", import.meta.url));
const messages = [{ role: "user" as const, content: "What is the capital of France?" }];
/** Of several pieces, of which the last is not whole. */
const big = randomBytes(21 * 1024 * 1024 + 5);
const repositories = {
  "wick/demo": { "README.md": Buffer.from("Hi"), "demo.Q8_0.gguf": demo },
  "wick/tiny": checkpoint,
  "wick/big": { "big.Q4_0.gguf": big },
};

/** Every name below a folder that is a file. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

const fetchBig = (hub: Awaited<ReturnType<typeof standInHub>>, rest: object = {}) =>
  hubSource(hubName("wick/big"), { hub: hub.options, ...rest });

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

/** A megabyte in 20 ms. */
function slowly(
  response: Parameters<typeof sendRange>[1],
  body: Buffer,
  _: number,
  { headers }: { headers: Parameters<typeof sendRange>[0]["headers"] },
): boolean {
  const [, from = "0", to = String(body.length - 1)] = /(\d+)-(\d+)/.exec(headers.range ?? "") ?? [];
  let at = Number(from);
  const end = Number(to) + 1;
  response.writeHead(206, { "content-range": `bytes ${from}-${to}/${body.length}`, "content-length": end - at });
  const timer = setInterval(() => {
    response.write(body.subarray(at, Math.min(end, at + (1 << 20))));
    at += 1 << 20;
    if (at < end) return;
    clearInterval(timer);
    response.end();
  }, 20);
  response.on("close", () => clearInterval(timer));
  return true;
}

describe("what goes wrong on the way", () => {
  /** No final name that is not whole and right. */
  async function isClean(cacheDir: string): Promise<boolean> {
    for (const name of await filesBelow(cacheDir)) {
      const blob = /blobs\/([0-9a-f]+)$/.exec(name)?.[1];
      if (blob !== undefined && sha256(await readFile(join(cacheDir, name))) !== blob) return false;
    }
    return true;
  }
  const ofStorage = (
    act: (
      response: Parameters<typeof sendRange>[1],
      body: Buffer,
      count: number,
      request: { headers: Parameters<typeof sendRange>[0]["headers"] },
    ) => boolean,
  ) => {
    let count = 0;
    return (
      request: { at: string; headers: Parameters<typeof sendRange>[0]["headers"] },
      response: Parameters<typeof sendRange>[1],
      body: Buffer,
    ) => request.at === "storage" && act(response, body, count++, request);
  };

  test("wrong bytes: model_integrity, and nothing is kept", async () => {
    await using hub = await standInHub(repositories);
    hub.fault = ofStorage((response, body, _, request) => {
      const wrong = Buffer.from(body);
      wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1;
      sendRange(request, response, wrong);
      return true;
    });
    await expect(fetchBig(hub)).rejects.toMatchObject({ code: "model_integrity" });
    expect((await filesBelow(hub.cacheDir)).filter((name) => name.includes("blobs"))).toEqual([]);
  });

  test("wrong bytes once: what an earlier try left may be wrong, and it is tried from nothing", async () => {
    await using hub = await standInHub(repositories);
    hub.fault = ofStorage((response, body, count, request) => {
      if (count > 0) return false;
      sendRange(request, response, Buffer.alloc(body.length));
      return true;
    });
    await fetchBig(hub);
    expect(await isClean(hub.cacheDir)).toBe(true);
  });

  test("more bytes than there should be, and without an end", async () => {
    await using hub = await standInHub({ "wick/one": { "one.gguf": demo } });
    hub.fault = ofStorage((response, body) => {
      response.writeHead(200).write(body);
      const more = setInterval(() => response.write(Buffer.alloc(1 << 20)), 1);
      response.on("close", () => clearInterval(more));
      return true;
    });
    // One byte more is an end that does not fit; what follows is never read.
    const source = await hubSource(hubName("wick/one"), { hub: hub.options }).catch((error) => error);
    expect(WickError.isInstance(source) ? source.code : source.kind).toMatch(/model_integrity|path/);
    expect(await isClean(hub.cacheDir)).toBe(true);
  });

  test.each<[string, Parameters<typeof ofStorage>[0]]>([
    [
      "connections that break",
      (response, body, count) => {
        if (count > 5) return false;
        response.writeHead(206, { "content-range": `bytes 0-${body.length - 1}/${body.length}` });
        response.write(body.subarray(0, 100_000));
        setTimeout(() => response.destroy(), 10);
        return true;
      },
    ],
    [
      "parts that end early",
      (response, body, count, request) => {
        if (count > 5) return false;
        const start = Number(/(\d+)-/.exec(request.headers.range ?? "")?.[1]);
        response.writeHead(206, { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` });
        response.end(body.subarray(start, start + 1_500_000));
        return true;
      },
    ],
    [
      "a server without ranges",
      (response, body) => {
        response.writeHead(200).end(body);
        return true;
      },
    ],
    [
      "busy, twice",
      (response, _, count) => {
        if (count > 1) return false;
        response.writeHead(503, { "retry-after": "0" }).end();
        return true;
      },
    ],
  ])("%s: it comes all the same", async (_, act) => {
    await using hub = await standInHub(repositories);
    hub.fault = ofStorage(act);
    const source = await fetchBig(hub);
    expect(source.kind === "path" && (await readFile(source.path)).equals(big)).toBe(true);
  });

  test("416, and a part that is not the one", async () => {
    for (const [status, headers] of [
      [416, {}],
      [206, { "content-range": "bytes 7-9/10" }],
      [206, {}],
    ] as const) {
      await using hub = await standInHub(repositories);
      hub.fault = ofStorage((response) => {
        response.writeHead(status, headers).end("abc");
        return true;
      });
      await expect(fetchBig(hub)).rejects.toMatchObject({ code: "download_failed" });
      expect(await isClean(hub.cacheDir)).toBe(true);
    }
  });

  test("cancelled in the middle, it goes on from there", async () => {
    await using hub = await standInHub(repositories);
    hub.fault = ofStorage(slowly);
    const controller = new AbortController();
    const reason = new Error("enough");
    const stop = (p: LoadProgress) => p.kind === "download" && p.loadedBytes > 4e6 && controller.abort(reason);
    const error = await fetchBig(hub, { signal: controller.signal, onProgress: stop }).catch((caught) => caught);
    expect(error).toMatchObject({ code: "cancelled", cause: reason });
    const before = hub.received.length;
    hub.fault = undefined;
    await fetchBig(hub);
    const again = hub.received
      .slice(before)
      .filter(({ at }) => at === "storage")
      .map(({ headers }) => /(\d+)-(\d+)/.exec(headers.range ?? ""));
    expect(again.reduce((sum, range) => sum + Number(range?.[2]) + 1 - Number(range?.[1]), 0)).toBeLessThan(
      big.length - 3e6,
    );
    expect(await isClean(hub.cacheDir)).toBe(true);
  });

  test("killed in its last step, between the cut and the name, nothing is fetched again", async () => {
    await using hub = await standInHub(repositories);
    const blobs = join(hub.cacheDir, "models--wick--big/blobs");
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, `${sha256(big)}.wick-part`), big);
    await fetchBig(hub);
    expect(hub.fetched()).toHaveLength(0);
    expect(await isClean(hub.cacheDir)).toBe(true);
  });

  test("a cache that cannot be written", async () => {
    await using hub = await standInHub(repositories);
    const file = join(hub.cacheDir, "file");
    await writeFile(file, "");
    await expect(fetchBig(hub, { hub: { ...hub.options, cacheDir: file } })).rejects.toMatchObject({
      code: "io_error",
      message: expect.stringContaining("HF_HUB_CACHE"),
    });
  });

  test("a lock of a process that is gone is taken", async () => {
    await using hub = await standInHub(repositories);
    const blobs = join(hub.cacheDir, "models--wick--big/blobs");
    await mkdir(blobs, { recursive: true });
    const lock = join(blobs, `${sha256(big)}.wick-lock`);
    const { hostname } = await import("node:os");
    await writeFile(lock, JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1 }));
    await fetchBig(hub);
    await expect(lstat(lock)).rejects.toThrow("ENOENT");
  });
});
