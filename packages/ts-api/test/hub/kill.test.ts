import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { WickError } from "wick";
import { hubName } from "../../src/hub/hub-name.js";
import { hubSource } from "../../src/hub/hub.js";
import { sha256, standInHub } from "./stand-in-hub.js";

const program = fileURLToPath(new URL("fetch.child.ts", import.meta.url));
const big = randomBytes(40 * 1024 * 1024 + 5);
const repositories = { "wick/big": { "big.Q4_0.gguf": big } };
/** More of them are a campaign: `WICK_KILLS=200`. */
const kills = Number(process.env["WICK_KILLS"] ?? 20);

/** Names of blobs that are not what they say; none may ever be there. */
async function wrongBlobs(cacheDir: string): Promise<string[]> {
  const folder = join(cacheDir, "models--wick--big/blobs");
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]+$/.test(name));
  const wrong = [];
  for (const name of names) if (sha256(await readFile(join(folder, name))) !== name) wrong.push(name);
  return wrong;
}

/** Runs the fetch until `killAfterMs`; how far it was at its first word and its last, and whether it came to its end. */
async function fetchUntil(endpoint: string, cacheDir: string, killAfterMs: number) {
  const child = spawn(process.execPath, ["--no-warnings", program, endpoint, cacheDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let words = "";
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on("data", (text: Buffer) => {
    // From when it has begun: before, a kill hits nothing but Node.
    if (words === "") timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    words += text.toString();
  });
  await once(child, "close");
  clearTimeout(timer);
  const lines = words
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  const figures = lines.filter((line) => line !== "whole").map(Number);
  return { first: figures[0] ?? 0, last: figures.at(-1) ?? 0, isWhole: lines.at(-1) === "whole" };
}

test(`killed ${kills} times in the middle: never a bad file under a final name, and nothing that was told is fetched again`, async () => {
  await using hub = await standInHub(repositories);
  let told = 0;
  for (let count = 0; count < kills; count += 1) {
    const { first, last, isWhole } = await fetchUntil(hub.endpoint, hub.cacheDir, Math.random() * 60);
    expect(await wrongBlobs(hub.cacheDir)).toEqual([]);
    // Killed before its first word, it said nothing.
    expect(first === 0 || first >= told).toBe(true);
    told = Math.max(told, last);
    if (!isWhole) continue;
    // Whole: from the beginning again, by another content.
    big[count] = (big[count] ?? 0) ^ 1;
    told = 0;
  }
  expect((await fetchUntil(hub.endpoint, hub.cacheDir, 60_000)).isWhole).toBe(true);
  expect(await wrongBlobs(hub.cacheDir)).toEqual([]);
}, 300_000);

test("a disk that is full at any write: disk_full, never a bad file under a final name, and another try comes to the end", async () => {
  await using hub = await standInHub(repositories);
  const file = await open(program);
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const original = prototype.write;
  let writes = 0;
  let failsAt = 0;
  const write = vi.spyOn(prototype, "write").mockImplementation(function (this: FileHandle, ...args: unknown[]) {
    writes += 1;
    if (writes === failsAt) return Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" })) as never;
    return Reflect.apply(original, this, args);
  });
  try {
    for (failsAt = 1; ; failsAt += 1) {
      writes = 0;
      const error = await hubSource(hubName("wick/big"), { hub: hub.options }).catch((caught: unknown) => caught);
      expect(await wrongBlobs(hub.cacheDir)).toEqual([]);
      if (!WickError.isInstance(error)) break;
      expect(error).toMatchObject({ code: "disk_full", message: expect.stringContaining("HF_HUB_CACHE") });
    }
    // Each try keeps what it wrote, so that later ones write less.
    expect(failsAt).toBeGreaterThan(5);
  } finally {
    write.mockRestore();
  }
}, 120_000);
