import { demoModel } from "@wick/demo-model";
import { spawn } from "node:child_process";
import { mkdtemp, rm, symlink, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Given, bundle } from "./bundle.ts";
import type { Host } from "./host.ts";

const packages = { wick: "ts-api", "@wick/wasm": "wasm", "@wick/demo-model": "demo-model" };

/** What the program may read: the model, and the module that it is given by its address. The other one needs no permission. */
const readable = [demoModel(), fileURLToPath(import.meta.resolve("@wick/wasm/simd128.wasm"))].join(",");

/** Deno with a program in it. */
export async function startDeno(
  program = "deno",
  permission = `--allow-read=${readable}`,
  given: Given = {},
): Promise<Host> {
  const folder = await mkdtemp(join(tmpdir(), "wick-deno-"));
  await installForDeno(folder);
  await bundle(program, join(folder, "program.js"), { external: ["node:*", ...Object.keys(packages)] }, given);
  const child = spawn(denoProgram(), ["run", "--no-prompt", permission, "program.js"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async call(call) {
      child.stdin.write(`${JSON.stringify(call)}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error(`Deno ended with ${child.exitCode ?? child.signalCode}`);
      return JSON.parse(value);
    },
    async stop() {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** Deno itself finds the packages, by its own condition. */
export async function installForDeno(folder: string): Promise<void> {
  await mkdir(join(folder, "node_modules/@wick"), { recursive: true });
  for (const [name, path] of Object.entries(packages)) {
    const target = fileURLToPath(new URL(`../../../packages/${path}`, import.meta.url));
    await symlink(target, join(folder, "node_modules", name), "junction");
  }
  const dependencies = Object.fromEntries(Object.keys(packages).map((name) => [name, "*"]));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies }));
}

/** The binary of the package `deno`, which its install script would put in place: ours run none. */
export function denoProgram(): string {
  const { runInstall }: { runInstall(): string } = createRequire(import.meta.url)("deno/install_api.cjs");
  return runInstall();
}
