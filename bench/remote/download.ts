import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hubName } from "../../packages/ts-api/dist/hub/hub-name.js";
import { hubSource } from "../../packages/ts-api/dist/hub/hub.js";
import type { Options } from "../options.ts";
import { type Figure, median } from "../report.ts";

const MEGABYTES = 512;

/** Seconds that our download takes, with all that it checks. */
async function ours(endpoint: string): Promise<number> {
  const cacheDir = mkdtempSync(join(tmpdir(), "wick-bench-"));
  const began = performance.now();
  await hubSource(hubName("wick/large"), { hub: { endpoint, cacheDir } });
  const seconds = (performance.now() - began) / 1000;
  rmSync(cacheDir, { recursive: true });
  return seconds;
}

/** Seconds that the shell's own tools take, which leave it to the system when the file is on the disk. */
function curl(endpoint: string): number {
  const folder = mkdtempSync(join(tmpdir(), "wick-bench-"));
  const file = join(folder, "large.gguf");
  const began = performance.now();
  const { status, stderr } = spawnSync(
    "bash",
    ["-o", "pipefail", "-c", `curl -sS "${endpoint}/wick/large/resolve/main/large.gguf" | tee "${file}" | sha256sum`],
    { encoding: "utf8" },
  );
  const seconds = (performance.now() - began) / 1000;
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(stderr);
  return seconds;
}

/** How fast a large file is fetched and verified, beside `curl | tee file | sha256sum`. */
export async function measureDownload({ rounds }: Options): Promise<Figure[]> {
  const program = fileURLToPath(new URL("download.child.ts", import.meta.url));
  const child = spawn(process.execPath, [program, String(MEGABYTES * 1e6)], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  const endpoint = `http://127.0.0.1:${port.toString().trim()}`;
  const runs: { ours: number; curl: number }[] = [];
  for (let round = 0; round < rounds; round += 1) runs.push({ ours: await ours(endpoint), curl: curl(endpoint) });
  child.kill();
  const rate = (seconds: number) => `${(MEGABYTES / seconds).toFixed()} MB/s`;
  const [mine, theirs] = [median(runs.map((run) => run.ours)), median(runs.map((run) => run.curl))];
  return [
    {
      name: `download of ${MEGABYTES} MB from loopback against curl, tee and sha256sum`,
      value: median(runs.map((run) => run.curl / run.ours)),
      unit: "×",
      atLeast: 0.8,
      note: `${rate(mine)} / ${rate(theirs)}`,
    },
  ];
}
