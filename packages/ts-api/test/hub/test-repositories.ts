import { demoModel } from "@wick/demo-model";
import { randomBytes } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hubSource } from "../../src/hub/hub.js";
import { hubName } from "../../src/hub/hub-name.js";
import type { standInHub } from "./stand-in-hub.js";

export const demo = await readFile(demoModel());
const checkpoint = Object.fromEntries(
  await Promise.all(
    (await readdir(new URL("../../../../test/fixtures/tiny-models/qwen3", import.meta.url), { withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => [name, await readFile(join(parentPath, name))] as const),
  ),
);
/** Of several pieces, of which the last is not whole. */
export const big = randomBytes(21 * 1024 * 1024 + 5);
export const repositories = {
  "wick/demo": { "README.md": Buffer.from("Hi"), "demo.Q8_0.gguf": demo },
  "wick/tiny": checkpoint,
  "wick/big": { "big.Q4_0.gguf": big },
};

/** Every name below a folder that is a file. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

export const fetchBig = (hub: Awaited<ReturnType<typeof standInHub>>, rest: object = {}) =>
  hubSource(hubName("wick/big"), { hub: hub.options, ...rest });
