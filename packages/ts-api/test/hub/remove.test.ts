import { randomBytes } from "node:crypto";
import { copyFile, lstat, mkdir, readFile, readdir, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { hubName } from "../../src/hub/hub-name.js";
import { hubSource } from "../../src/hub/hub.js";
import { splitGguf } from "./split-gguf.js";
import { type StandInHub, commit, sha256, standInHub } from "./stand-in-hub.js";
import { demo, fetchBig, filesBelow, repositories } from "./test-repositories.js";

const [q4, q8] = [randomBytes(20_000), randomBytes(30_000)];
const parts = Object.entries(splitGguf(demo, "m-Q5_0", 3));
const several = {
  "wick/several": {
    "m.Q4_0.gguf": q4,
    "m.Q8_0.gguf": q8,
    "README.md": Buffer.from("Hi"),
    ...Object.fromEntries(parts.map(([name, bytes]) => [`Q5_0/${name}`, Buffer.from(bytes)])),
  },
};
const partBytes = parts.reduce((sum, [, bytes]) => sum + bytes.length, 0);
const otherCommit = "f".repeat(40);

const folderOf = (hub: StandInHub, name = "several") => join(hub.cacheDir, `models--wick--${name}`);
const remove = (hub: StandInHub, source: Parameters<typeof Model.remove>[0]) =>
  Model.remove(source, { hub: { cacheDir: hub.cacheDir } });

/** A cache with all three models of a repository. */
async function filled(): Promise<StandInHub> {
  const hub = await standInHub({ ...repositories, ...several });
  for (const type of ["Q4_0", "Q8_0", "Q5_0"]) await Model.pull(`wick/several:${type}`, { hub: hub.options });
  return hub;
}

/** A second commit of the same, whose file is the same blob. */
async function addCommit(hub: StandInHub, name: string, blob: string): Promise<void> {
  const snapshot = join(folderOf(hub), "snapshots", otherCommit);
  await mkdir(snapshot, { recursive: true });
  await symlink(`../../blobs/${blob}`, join(snapshot, name));
  await writeFile(join(folderOf(hub), "refs/v2"), otherCommit);
}

describe("a removal", () => {
  test("of a repository takes all of it, and the cache is as it was before", async () => {
    await using hub = await filled();
    await Model.pull("wick/demo", { hub: hub.options });
    const { id, files, bytes } = await remove(hub, "wick/several");
    expect([id, bytes]).toEqual(["wick/several", q4.length + q8.length + partBytes]);
    expect(files.map(({ name }) => name).toSorted()).toEqual(
      ["m.Q4_0.gguf", "m.Q8_0.gguf", ...parts.map(([name]) => `Q5_0/${name}`)].toSorted(),
    );
    expect(files).toContainEqual({ name: "m.Q4_0.gguf", bytes: q4.length, revision: commit });
    expect(await readdir(hub.cacheDir)).toEqual(["models--wick--demo"]);
    await expect(remove(hub, "wick/several")).rejects.toMatchObject({ code: "not_found" });
    expect((await Model.list({ hub: hub.options })).map((model) => model.id)).toEqual(["wick/demo"]);
  });

  test.each<[string, Parameters<typeof Model.remove>[0]]>([
    ["a type", "wick/several:Q4_0"],
    ["a type, in small letters", "wick/several:q4_0"],
    ["a file", "wick/several/m.Q4_0.gguf"],
    ["an object", { hub: "wick/several", file: "m.Q4_0.gguf", revision: "main" }],
    ["a commit", { hub: "wick/several:Q4_0", revision: commit }],
  ])("by %s takes that file alone", async (_, source) => {
    await using hub = await filled();
    const before = await filesBelow(folderOf(hub));
    expect(await remove(hub, source)).toEqual({
      id: "wick/several",
      files: [{ name: "m.Q4_0.gguf", bytes: q4.length, revision: commit }],
      bytes: q4.length,
    });
    const gone = new Set([`blobs/${sha256(q4)}`, `snapshots/${commit}/m.Q4_0.gguf`]);
    expect((await filesBelow(folderOf(hub))).toSorted()).toEqual(before.filter((file) => !gone.has(file)).toSorted());
    await expect(remove(hub, source)).rejects.toMatchObject({ code: "not_found", info: { where: "source" } });
    // The others are used without the network.
    await hubSource(hubName("wick/several:Q8_0"), { hub: { ...hub.options, offline: true } });
  });

  test("of a file in parts takes all of them, by any, and their folder", async () => {
    await using hub = await filled();
    const { files, bytes } = await remove(hub, `wick/several/Q5_0/${parts[1]?.[0]}`);
    expect([files.length, bytes]).toEqual([3, partBytes]);
    expect((await readdir(join(folderOf(hub), "snapshots", commit))).toSorted()).toEqual([
      "m.Q4_0.gguf",
      "m.Q8_0.gguf",
    ]);
  });

  test("of the last file takes the repository", async () => {
    await using hub = await filled();
    for (const type of ["Q4_0", "Q8_0", "Q5_0"]) await remove(hub, `wick/several:${type}`);
    expect(await readdir(hub.cacheDir)).toEqual([]);
  });

  test("keeps bytes that another commit has, and takes them with the last of their names", async () => {
    await using hub = await filled();
    await addCommit(hub, "m.Q4_0.gguf", sha256(q4));
    expect(await remove(hub, { hub: "wick/several:Q4_0", revision: "main" })).toMatchObject({
      files: [{ revision: commit }],
      bytes: 0,
    });
    expect((await readFile(join(folderOf(hub), "snapshots", otherCommit, "m.Q4_0.gguf"))).equals(q4)).toBe(true);
    expect(await remove(hub, { hub: "wick/several", revision: "v2" })).toMatchObject({
      files: [{ name: "m.Q4_0.gguf", revision: otherCommit }],
      bytes: q4.length,
    });
    // A branch at a commit that is gone would be damage to Python's tools.
    expect(await readdir(join(folderOf(hub), "refs"))).toEqual(["main"]);
    await expect(remove(hub, { hub: "wick/several", revision: "v2" })).rejects.toMatchObject({ code: "not_found" });
  });

  test("by a file takes it out of every commit", async () => {
    await using hub = await filled();
    await addCommit(hub, "m.Q4_0.gguf", sha256(q4));
    const { files, bytes } = await remove(hub, "wick/several/m.Q4_0.gguf");
    expect([files.map(({ revision }) => revision).toSorted(), bytes]).toEqual([[commit, otherCommit], q4.length]);
    expect(await readdir(join(folderOf(hub), "snapshots"))).toEqual([commit]);
    expect(await readdir(join(folderOf(hub), "refs"))).toEqual(["main"]);
  });

  test("finds the bytes of copies, where there are no links", async () => {
    await using hub = await filled();
    const copy = join(folderOf(hub), "snapshots", commit, "m.Q4_0.gguf");
    await rm(copy);
    await copyFile(join(folderOf(hub), "blobs", sha256(q4)), copy);
    expect(await remove(hub, "wick/several:Q4_0")).toMatchObject({ bytes: 2 * q4.length });
    expect(await readdir(join(folderOf(hub), "blobs"))).not.toContain(sha256(q4));
  });

  test("takes what a download left that was killed, and the lock of its process", async () => {
    await using hub = await filled();
    const left = join(folderOf(hub), "blobs", "a".repeat(64));
    await writeFile(`${left}.wick-part`, "12345");
    await writeFile(`${left}.wick-lock`, JSON.stringify({ host: hostname(), pid: 2 ** 30, id: "x" }));
    await mkdir(join(folderOf(hub), ".no_exist", otherCommit), { recursive: true });
    await writeFile(join(folderOf(hub), ".no_exist", otherCommit, "x.json"), "");
    expect((await remove(hub, "wick/several")).bytes).toBe(5 + q4.length + q8.length + partBytes);
    expect(await readdir(hub.cacheDir)).toEqual([]);
  });

  test("of nothing but such remains", async () => {
    await using hub = await standInHub({});
    await mkdir(join(folderOf(hub), "blobs"), { recursive: true });
    await writeFile(join(folderOf(hub), "blobs/x.wick-part"), "12345");
    expect(await remove(hub, "wick/several")).toEqual({ id: "wick/several", files: [], bytes: 5 });
    expect(await readdir(hub.cacheDir)).toEqual([]);
  });
});

test("empty folders are nothing that is there, and go", async () => {
  await using hub = await standInHub({});
  for (const name of ["blobs", "refs", `snapshots/${commit}`])
    await mkdir(join(folderOf(hub), name), { recursive: true });
  await expect(remove(hub, "wick/several")).rejects.toMatchObject({ code: "not_found" });
  expect(await readdir(hub.cacheDir)).toEqual([]);
});

describe("while it is fetched", () => {
  test("nothing is removed; afterwards it is", async () => {
    await using hub = await standInHub(repositories);
    let resume: (() => void) | undefined;
    const isAsked = new Promise<void>((asked) => {
      hub.fault = ({ at }, response) => {
        if (at !== "storage") return false;
        response.writeHead(206, { "content-range": "bytes 0-9/10" });
        resume = () => response.destroy();
        asked();
        return true;
      };
    });
    const stop = new AbortController();
    const fetching = fetchBig(hub, { signal: stop.signal }).catch((error: unknown) => error);
    await isAsked;
    const before = await filesBelow(folderOf(hub, "big"));
    for (const source of ["wick/big", { hub: "wick/big", revision: "main" }])
      await expect(remove(hub, source)).rejects.toMatchObject({ code: source === "wick/big" ? "busy" : "not_found" });
    expect(await filesBelow(folderOf(hub, "big"))).toEqual(before);
    stop.abort();
    resume?.();
    expect(await fetching).toMatchObject({ code: "cancelled" });
    expect((await remove(hub, "wick/big")).bytes).toBeGreaterThan(0);
    expect(await readdir(hub.cacheDir)).toEqual([]);
  });

  test("by Python's tools, as far as that shows: by a file that grows", async () => {
    await using hub = await filled();
    const growing = join(folderOf(hub), "blobs", `${"b".repeat(64)}.incomplete`);
    await writeFile(growing, "1");
    await expect(remove(hub, "wick/several")).rejects.toMatchObject({ code: "busy", info: { retryable: true } });
    const longAgo = new Date(Date.now() - 120_000);
    await utimes(growing, longAgo, longAgo);
    await remove(hub, "wick/several");
    expect(await readdir(hub.cacheDir)).toEqual([]);
  });
});

describe("links that lead out of the cache are not followed", () => {
  test("of files: the link goes, what it leads to stays", async () => {
    await using hub = await filled();
    const outside = join(hub.cacheDir, "precious.gguf");
    await writeFile(outside, "precious");
    const snapshot = join(folderOf(hub), "snapshots", commit);
    await symlink(outside, join(snapshot, "out.gguf"));
    await symlink("../../../precious.gguf", join(snapshot, "below.gguf"));
    await symlink(hub.cacheDir, join(snapshot, "all"));
    const blob = join(folderOf(hub), "blobs", "c".repeat(64));
    await symlink(outside, blob);
    await symlink(`../../blobs/${"c".repeat(64)}`, join(snapshot, "through.gguf"));
    expect((await remove(hub, "wick/several")).bytes).toBe(q4.length + q8.length + partBytes);
    expect(await readdir(hub.cacheDir)).toEqual(["precious.gguf"]);
    expect(await readFile(outside, "utf8")).toBe("precious");
  });

  test.each(["", "blobs", "snapshots", "refs"])("of the folder %j: nothing is removed", async (name) => {
    await using hub = await filled();
    const folder = join(folderOf(hub), name);
    const elsewhere = join(hub.cacheDir, "elsewhere");
    await rename(folder, elsewhere);
    await symlink(elsewhere, folder.replace(/\/$/, ""));
    const before = await filesBelow(elsewhere);
    await expect(remove(hub, "wick/several")).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(folder.replace(/\/$/, "")),
    });
    expect(await filesBelow(elsewhere)).toEqual(before);
    expect((await lstat(folder.replace(/\/$/, ""))).isSymbolicLink()).toBe(true);
  });
});

test.each<[string, unknown, object]>([
  ["wick/none", "wick/none", { code: "not_found" }],
  ["a type that is not there", "wick/several:Q6_K", { code: "not_found", message: expect.stringContaining("Q6_K") }],
  [
    "a file that is not there",
    "wick/several/x.gguf",
    { code: "not_found", message: expect.stringContaining("x.gguf") },
  ],
  ["a revision that is not there", { hub: "wick/several", revision: "v9" }, { code: "not_found" }],
  ["a way out", "wick/../../x", { code: "invalid_request" }],
  ["a revision that leads out", { hub: "wick/several", revision: "../../x" }, { code: "invalid_request" }],
  ["a path", "/etc", { code: "invalid_request" }],
  ["a number", 5, { code: "invalid_request" }],
])("refused, and nothing is removed: %s", async (_, source, expected) => {
  await using hub = await filled();
  const before = await filesBelow(hub.cacheDir);
  await expect(remove(hub, source as string)).rejects.toMatchObject(expected);
  expect(await filesBelow(hub.cacheDir)).toEqual(before);
});
