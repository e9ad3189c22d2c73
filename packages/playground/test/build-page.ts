// Builds the page that the browser's tests open, unless it is younger than all that it is made of.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const folder = fileURLToPath(new URL("..", import.meta.url));
const built = join(folder, "dist/index.html");

/** What Vitest does before the tests of a project. */
export async function setup(): Promise<void> {
  const sources = ["src", "index.html", "vite.config.ts", "../ts-api/dist", "../wasm", "../demo-model"].map((path) =>
    join(folder, path),
  );
  const newest = Math.max(...(await Promise.all(sources.map(newestIn))));
  const { mtimeMs } = await stat(built).catch(() => ({ mtimeMs: 0 }));
  if (mtimeMs < newest) await build({ root: folder, logLevel: "warn" });
}

async function newestIn(path: string): Promise<number> {
  const { mtimeMs } = await stat(path);
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => stat(join(parentPath, name)));
  return Math.max(mtimeMs, ...(await Promise.all(files)).map((file) => file.mtimeMs));
}
