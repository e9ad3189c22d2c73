// The cache of the hub, which Python's own tool fills and reads.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { pythonWithHuggingFaceHub } from "../../bench/peers/setup.ts";
import { hubName } from "../../packages/ts-api/dist/hub/hub-name.js";
import { hubModels, hubSource } from "../../packages/ts-api/dist/hub/hub.js";
import { removeModel } from "../../packages/ts-api/dist/hub/remove-model.js";
import { standInHub } from "../../packages/ts-api/test/hub/stand-in-hub.ts";

const large = randomBytes(3 * 1024 * 1024 + 7);
const small = Buffer.from("Hi");
const repositories = { "wick/both": { "large.gguf": large, "README.md": small } };

let python: string;
beforeAll(() => {
  python = pythonWithHuggingFaceHub();
});

interface Hub {
  endpoint: string;
  cacheDir: string;
}

/** Where Python's tool has a file, which it fetches unless it may not. */
async function fetched(hub: Hub, file: string, isOffline = false): Promise<string> {
  return printed(
    hub,
    `
from huggingface_hub import hf_hub_download
print(hf_hub_download("wick/both", "${file}", cache_dir="${hub.cacheDir}", local_files_only=${isOffline ? "True" : "False"}))`,
  );
}

/** What Python's tool says of the cache: what is damaged, and the files of each commit. */
async function scanned(hub: Hub): Promise<{ warnings: string[]; files: string[][]; size: number }> {
  return JSON.parse(
    await printed(
      hub,
      `
import json
from huggingface_hub import scan_cache_dir
info = scan_cache_dir("${hub.cacheDir}")
files = [sorted(f.file_name for f in revision.files) for repo in info.repos for revision in repo.revisions]
print(json.dumps({"warnings": [str(w) for w in info.warnings], "files": files, "size": info.size_on_disk}))`,
    ),
  );
}

async function printed(hub: Hub, program: string): Promise<string> {
  const env = { ...process.env, HF_ENDPOINT: hub.endpoint, HF_HUB_DISABLE_XET: "1", HF_HUB_DISABLE_TELEMETRY: "1" };
  const child = spawn(python, ["-c", program], { env });
  let [output, words] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  child.stderr.on("data", (text: Buffer) => (words += text.toString()));
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(words);
  return output.trim();
}

describe("huggingface_hub", () => {
  test("finds what we fetched", async () => {
    await using hub = await standInHub(repositories);
    const source = await hubSource(hubName("wick/both/large.gguf"), { hub: hub.options });
    const path = await fetched(hub, "large.gguf", true);
    expect(source).toEqual({ kind: "path", path });
    expect((await readFile(path)).equals(large)).toBe(true);
  });

  test("is found by us, large and small files", async () => {
    await using hub = await standInHub(repositories);
    const paths = [await fetched(hub, "large.gguf"), await fetched(hub, "README.md")];
    const before = hub.fetched().length;
    expect(before).toBeGreaterThan(1);
    expect(await hubSource(hubName("wick/both/large.gguf"), { hub: hub.options })).toEqual({
      kind: "path",
      path: paths[0],
    });
    expect(await hubSource(hubName("wick/both/README.md"), { hub: hub.options })).toEqual({
      kind: "path",
      path: paths[1],
    });
    expect(hub.fetched()).toHaveLength(before);
    const offline = { ...hub.options, offline: true };
    expect(await hubSource(hubName("wick/both/large.gguf"), { hub: offline })).toEqual({
      kind: "path",
      path: paths[0],
    });
    expect(await hubModels(hub.options)).toMatchObject([{ id: "wick/both", file: "large.gguf", bytes: large.length }]);
  });

  test("finds no damage where we removed a file, and nothing where we removed all", async () => {
    await using hub = await standInHub(repositories);
    await fetched(hub, "large.gguf");
    await fetched(hub, "README.md");
    expect(await scanned(hub)).toMatchObject({ warnings: [], files: [["README.md", "large.gguf"]] });
    const { bytes } = await removeModel("wick/both/large.gguf", hub);
    expect(bytes).toBe(large.length);
    expect(await scanned(hub)).toEqual({ warnings: [], files: [["README.md"]], size: small.length });
    // Both find what is left, and what is fetched anew.
    await fetched(hub, "README.md", true);
    await hubSource(hubName("wick/both/large.gguf"), { hub });
    expect(await scanned(hub)).toMatchObject({ warnings: [], files: [["README.md", "large.gguf"]] });
    await removeModel("wick/both", hub);
    expect(await scanned(hub)).toEqual({ warnings: [], files: [], size: 0 });
  });
});
