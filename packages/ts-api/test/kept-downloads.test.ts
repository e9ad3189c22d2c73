import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Alone, KeptDownloads } from "../src/browser/kept-downloads.js";
import type { PieceStore } from "../src/browser/piece-store.js";
import type { LoadProgress } from "../src/model/load-options.js";
import { fileOfRequest } from "../src/source/download.js";
import type { Reading } from "../src/source/model-file.js";

/** 20 MB are three pieces. */
const versions = [1, 2].map((factor) =>
  Uint8Array.from({ length: 20_000_000 }, (_, index) => (index * factor * 2_654_435_761) >>> 24),
);
const served = { version: 0, isUp: true, sendsLength: true, sendsEtag: true, log: [] as string[] };
const server = createServer((request, response) => {
  served.log.push(request.method ?? "");
  if (!served.isUp) return void response.destroy();
  const bytes = versions[served.version];
  if (served.sendsEtag) response.setHeader("etag", `"${served.version}"`);
  if (served.sendsLength) response.setHeader("content-length", bytes?.byteLength ?? 0);
  response.end(request.method === "HEAD" ? undefined : bytes);
});
let url: URL;

class MemoryPieces implements PieceStore {
  readonly entries = new Map<string, Uint8Array>();
  room = Number.POSITIVE_INFINITY;

  async read(name: string) {
    return this.entries.get(name);
  }

  async write(name: string, bytes: Uint8Array) {
    this.room -= bytes.byteLength;
    if (this.room < 0) throw new DOMException("full", "QuotaExceededError");
    this.entries.set(name, bytes.slice());
  }

  async names(prefix: string) {
    return [...this.entries.keys()].filter((name) => name.startsWith(prefix));
  }

  async remove(name: string) {
    this.entries.delete(name);
  }
}

const keepers = new Map<string, Promise<void>>();
const alone: Alone = async (name, act) => {
  if (keepers.has(name)) return false;
  keepers.set(name, act());
  await keepers.get(name)?.finally(() => keepers.delete(name));
  return true;
};
/** Until what was read is kept. */
const settled = () => Promise.allSettled(keepers.values());

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/model.gguf`);
});
beforeEach(() => {
  Object.assign(served, { version: 0, isUp: true, sendsLength: true, sendsEtag: true, log: [] });
});
afterAll(() => void server.close());

const open = (pieces: PieceStore, reading: Reading = {}) =>
  fileOfRequest(url, new KeptDownloads(pieces, alone)).open(reading);

async function read(pieces: PieceStore, reading: Reading = {}) {
  const { size, chunks } = await open(pieces, reading);
  const parts = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  await settled();
  return { size, bytes: Buffer.concat(parts) };
}

const isVersion = (bytes: Uint8Array, version: number) =>
  Buffer.compare(bytes, versions[version] ?? new Uint8Array()) === 0;

test("what was downloaded once is there offline, and is checked as it is read", async () => {
  const pieces = new MemoryPieces();
  const first = await read(pieces);
  expect(isVersion(first.bytes, 0)).toBe(true);
  served.isUp = false;
  const told: LoadProgress[] = [];
  const offline = await read(pieces, { onProgress: (progress) => told.push(progress) });
  expect(offline.size).toBe(20_000_000);
  expect(isVersion(offline.bytes, 0)).toBe(true);
  expect(told).toEqual(
    [8_388_608, 16_777_216, 20_000_000].map((loadedBytes) => ({
      kind: "verify",
      file: "model.gguf",
      loadedBytes,
      totalBytes: 20_000_000,
    })),
  );
});

test("what the server has not changed is not downloaded again", async () => {
  const pieces = new MemoryPieces();
  await read(pieces);
  await read(pieces);
  expect(served.log).toEqual(["GET", "HEAD"]);
});

test.each([[true], [false]])("what the server has changed is, and replaces the other (etag: %s)", async (sendsEtag) => {
  served.sendsEtag = sendsEtag;
  const pieces = new MemoryPieces();
  await read(pieces);
  const names = [...pieces.entries.keys()];
  served.version = 1;
  // Without an etag the length must tell.
  versions[1] = versions[1]?.subarray(0, sendsEtag ? 20_000_000 : 19_000_000) ?? new Uint8Array();
  expect(isVersion((await read(pieces)).bytes, 1)).toBe(true);
  expect(served.log).toEqual(["GET", "HEAD", "GET"]);
  expect(pieces.entries.size).toBe(4);
  expect(names.filter((name) => !name.endsWith(".json")).some((name) => pieces.entries.has(name))).toBe(false);
});

test("a download without a length is kept too", async () => {
  served.sendsLength = false;
  const pieces = new MemoryPieces();
  await read(pieces);
  served.isUp = false;
  expect(isVersion((await read(pieces)).bytes, 0)).toBe(true);
});

test.each<[string, (pieces: MemoryPieces, name: string) => void]>([
  ["a changed byte", ({ entries }, name) => void entries.set(name, entries.get(name)?.with(5, 7) ?? new Uint8Array())],
  ["a missing piece", ({ entries }, name) => void entries.delete(name)],
  ["a cut piece", ({ entries }, name) => void entries.set(name, entries.get(name)?.slice(0, 99) ?? new Uint8Array())],
])("%s is noticed, and the copy given up", async (_, damage) => {
  const pieces = new MemoryPieces();
  await read(pieces);
  damage(pieces, [...pieces.entries.keys()].find((name) => name.endsWith(".1")) ?? "");
  await expect(read(pieces)).rejects.toMatchObject({
    code: "model_integrity",
    info: { where: "source", retryable: true },
  });
  expect(pieces.entries.size).toBe(0);
  expect(isVersion((await read(pieces)).bytes, 0)).toBe(true);
});

test("a damaged table of contents is as none", async () => {
  const pieces = new MemoryPieces();
  await read(pieces);
  const table = [...pieces.entries.keys()].find((name) => name.endsWith(".json")) ?? "";
  pieces.entries.set(table, new TextEncoder().encode("{"));
  expect(isVersion((await read(pieces)).bytes, 0)).toBe(true);
  expect(served.log).toEqual(["GET", "GET"]);
});

test("a store that is full keeps nothing, which is told; the load goes on", async () => {
  const pieces = new MemoryPieces();
  pieces.room = 10_000_000;
  const warnings: string[] = [];
  const { bytes } = await read(pieces, { warn: (message) => warnings.push(message) });
  expect(isVersion(bytes, 0)).toBe(true);
  expect(warnings).toEqual([expect.stringContaining("not kept")]);
  expect(pieces.entries.size).toBe(0);
});

test("a store that cannot be reached is no matter for the load, and is told", async () => {
  const pieces = new MemoryPieces();
  const refuse = () => Promise.reject(new DOMException("private window", "SecurityError"));
  pieces.read = refuse;
  pieces.names = refuse;
  const warnings: string[] = [];
  const { bytes } = await read(pieces, { warn: (message) => warnings.push(message) });
  expect(isVersion(bytes, 0)).toBe(true);
  expect(warnings).toEqual([expect.stringContaining("not kept")]);
});

test("a load that is given up keeps nothing", async () => {
  const pieces = new MemoryPieces();
  const { chunks } = await open(pieces);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > 12_000_000) break;
  }
  await settled();
  expect(bytes).toBeGreaterThan(12_000_000);
  expect(pieces.entries.size).toBe(0);
});

test("a load that ends before it reads keeps nothing, and the next one does", async () => {
  const pieces = new MemoryPieces();
  const end = new AbortController();
  await open(pieces, { signal: end.signal });
  end.abort();
  await settled();
  expect(pieces.entries.size).toBe(0);
  await read(pieces);
  expect(pieces.entries.size).toBe(4);
});

test("a load does not wait until all is kept, and may end before", async () => {
  const pieces = new MemoryPieces();
  let resolve = () => {};
  const written = new Promise<void>((done) => {
    resolve = done;
  });
  pieces.write = async function (name, bytes) {
    await written;
    this.entries.set(name, bytes.slice());
  };
  const end = new AbortController();
  const { chunks } = await open(pieces, { signal: end.signal });
  let bytes = 0;
  for await (const chunk of chunks) bytes += chunk.byteLength;
  end.abort();
  expect(bytes).toBe(20_000_000);
  expect(pieces.entries.size).toBe(0);
  resolve();
  await settled();
  served.isUp = false;
  expect(isVersion((await read(pieces)).bytes, 0)).toBe(true);
});

test("a store that is slower than the network holds it up, so that little waits in memory", async () => {
  const pieces = new MemoryPieces();
  let written = 0;
  let passed = 0;
  let ahead = 0;
  pieces.write = async function (name, bytes) {
    ahead = Math.max(ahead, passed - written);
    await new Promise((resolve) => setTimeout(resolve, 30));
    written += bytes.byteLength;
    this.entries.set(name, bytes.slice());
  };
  const whole = versions[0];
  versions[0] = new Uint8Array(80_000_000);
  const { chunks } = await open(pieces);
  for await (const chunk of chunks) passed += chunk.byteLength;
  await settled();
  if (whole !== undefined) versions[0] = whole;
  expect(passed).toBe(80_000_000);
  expect(ahead).toBeLessThan(4 * 8_388_608);
});

test("what a page left that was closed while it kept is removed by the next that keeps", async () => {
  const pieces = new MemoryPieces();
  await read(pieces);
  const [manifest = ""] = await pieces.names("");
  const orphan = `${(await pieces.names("")).find((name) => name.endsWith(".json"))?.replace(".json", "")}-left.0`;
  await pieces.write(orphan, new Uint8Array(9));
  expect(manifest).not.toBe("");
  served.version = 1;
  await read(pieces);
  expect(pieces.entries.has(orphan)).toBe(false);
});

test("two loads of one address at once do not mix", async () => {
  const pieces = new MemoryPieces();
  const [one, two] = await Promise.all([read(pieces), read(pieces)]);
  expect(isVersion(one.bytes, 0) && isVersion(two.bytes, 0)).toBe(true);
  served.isUp = false;
  expect(isVersion((await read(pieces)).bytes, 0)).toBe(true);
  expect(pieces.entries.size).toBe(4);
});
