import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type LoadProgress, WickError } from "wick";
import { hubSource } from "../../src/hub/hub.js";
import { hubName } from "../../src/hub/hub-name.js";
import { sendRange, sha256, standInHub } from "./stand-in-hub.js";
import { big, demo, fetchBig, filesBelow, repositories } from "./test-repositories.js";

const program = fileURLToPath(new URL("fetch.child.ts", import.meta.url));

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

  // Windows has no modes of folders.
  test.skipIf(process.platform === "win32")("a cache that may only be read: what is there is loaded", async () => {
    await using hub = await standInHub(repositories);
    const asNobody = async () => {
      const child = spawn(process.execPath, ["--no-warnings", program, hub.endpoint, hub.cacheDir, "nobody"]);
      const errors = text(child.stderr);
      const [code] = await once(child, "close");
      return { code, errors: await errors };
    };
    await chmod(hub.cacheDir, 0o555);
    const refused = await asNobody();
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/EACCES.*check who may, or set HF_HUB_CACHE/);
    await chmod(hub.cacheDir, 0o755);
    await fetchBig(hub);
    const folders = (await readdir(hub.cacheDir, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const folder of [...folders, hub.cacheDir]) await chmod(folder, 0o555);
    const before = hub.fetched().length;
    expect(await asNobody()).toEqual({ code: 0, errors: "" });
    expect(hub.fetched()).toHaveLength(before);
    for (const folder of [hub.cacheDir, ...folders]) await chmod(folder, 0o755);
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
