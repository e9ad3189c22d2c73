import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { removeModel } from "../../src/hub/remove-model.js";
import { filesBelow } from "./test-repositories.js";

const program = fileURLToPath(new URL("remove.child.ts", import.meta.url));
/** More of them are a campaign: `WICK_KILLS=200`. */
const kills = Number(process.env["WICK_KILLS"] ?? 20);
const commits = ["a".repeat(40), "b".repeat(40), "c".repeat(40)];
const files = 60;

/** A repository of three commits, each with a branch, which share half of their files. */
async function fill(folder: string): Promise<void> {
  for (const name of ["blobs", "refs/pr"]) await mkdir(join(folder, name), { recursive: true });
  for (const [at, commit] of commits.entries()) {
    const snapshot = join(folder, "snapshots", commit, "inner");
    await mkdir(snapshot, { recursive: true });
    for (let file = 0; file < files; file += 1) {
      const blob = file % 2 === 0 ? `shared${file}` : `own${at}-${file}`;
      await writeFile(join(folder, "blobs", blob), blob);
      await symlink(`../../../blobs/${blob}`, join(snapshot, `${file}.gguf`));
    }
    await writeFile(join(folder, "refs/pr", String(at)), commit);
  }
}

/** What Python's tools would take for damage: branches at commits that are not there, and names without bytes. */
async function damageOf(folder: string): Promise<string[]> {
  const known = await readdir(join(folder, "snapshots")).catch(() => undefined);
  const refs = await filesBelow(join(folder, "refs")).catch(() => []);
  const dangling = [];
  for (const ref of refs)
    if (known?.includes(await readFile(join(folder, "refs", ref), "utf8")) !== true) dangling.push(ref);
  const names = await filesBelow(join(folder, "snapshots")).catch(() => []);
  const broken = [];
  for (const name of names)
    if (!(await stat(join(folder, "snapshots", name)).catch(() => undefined))) broken.push(name);
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  return [...dangling, ...broken, ...(isThere && known === undefined ? ["no snapshots"] : [])];
}

/** Runs a removal for so long, or to its end; how long it was at it. */
async function removedFor(ms: number, cacheDir: string, source: string): Promise<number> {
  let [began, timer] = [0, undefined as NodeJS.Timeout | undefined];
  const child = spawn(process.execPath, ["--no-warnings", program, cacheDir, source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // From when it begins: before, a kill hits nothing but Node.
  child.stdout.once("data", () => {
    began = performance.now();
    timer = setTimeout(() => child.kill("SIGKILL"), ms);
  });
  await once(child, "close");
  clearTimeout(timer);
  return performance.now() - began;
}

test(`a removal that is killed ${kills} times leaves no damage, and another takes out the rest`, async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "wick-removal-"));
  const folder = join(cacheDir, "models--wick--many");
  let inTheMiddle = 0;
  try {
    await fill(folder);
    const longest = await removedFor(60_000, cacheDir, "wick/many");
    // Most of its time a removal looks and locks: it goes on until enough were hit between two files.
    for (let count = 0; count < kills || inTheMiddle < kills / 4; count += 1) {
      expect(count).toBeLessThan(20 * kills);
      await fill(folder);
      const source = count % 2 === 0 ? "wick/many" : "wick/many/inner/2.gguf";
      await removedFor(Math.random() * longest, cacheDir, source);
      expect(await damageOf(folder)).toEqual([]);
      const left = (await filesBelow(folder).catch(() => [])).length;
      if (left > 0 && left < 3 * files + 2 * files + 3) inTheMiddle += 1;
      const again = await removeModel("wick/many", { cacheDir }).then(
        () => "removed",
        (error: { code?: string }) => error.code,
      );
      expect(again).toBe(left > 0 ? "removed" : "not_found");
      expect(await readdir(cacheDir)).toEqual([]);
    }
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
}, 300_000);
