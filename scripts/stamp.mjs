// Tells whether what was made from some files is still made from them: by content, so that a checkout or a copy does not count.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, stamps } from "./toolchain.mjs";

const ignored = new Set(["node_modules", "target", "dist", "dist-packages", "tests", "benches", "test", ".git"]);

function add(hash, path) {
  const full = join(root, path);
  const status = statSync(full, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (status.isDirectory()) {
    for (const name of readdirSync(full).toSorted()) {
      if (!ignored.has(name) && !/\.(?:node|gguf|tsbuildinfo)$/.test(name)) add(hash, join(path, name));
    }
  } else {
    hash.update(path).update("\0").update(readFileSync(full)).update("\0");
  }
}

/** A digest of the contents of `paths` (files or folders, relative to the root; absent ones are passed over). */
export function digest(paths) {
  const hash = createHash("sha256");
  for (const path of paths) add(hash, path);
  return hash.digest("hex");
}

/** Whether `name` was made from what digests to `value`. */
export function isFresh(name, value) {
  try {
    return readFileSync(join(stamps, name), "utf8") === value;
  } catch {
    return false; // never made
  }
}

/** Notes that `name` was made from what digests to `value`. */
export function note(name, value) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), value);
}

/** Makes `name` count as never made. */
export function forget(name) {
  rmSync(join(stamps, name), { force: true });
}
