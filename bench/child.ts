import { spawnSync } from "node:child_process";

/** Runs a module in a Node of its own and returns the JSON on its last line: cold starts and peak memory need a fresh process. */
export function runChild<T>(module: URL, args: readonly string[] = [], nodeOptions: readonly string[] = []): T {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeOptions, module.pathname, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${module.pathname} ended with ${status}\n${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}
