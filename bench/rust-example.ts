import { spawnSync } from "node:child_process";

/** What an example of a crate prints, built as users get it. */
export function runRustExample(crate: string, example: string, args: readonly string[] = []): string {
  const cargo = ["run", "--quiet", "--release", "-p", crate, "--example", example, ...args];
  const { status, stdout, stderr } = spawnSync("cargo", cargo, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${example} ended with ${status}\n${stderr}`);
  return stdout;
}
