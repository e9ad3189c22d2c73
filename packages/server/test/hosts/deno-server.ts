import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bundle } from "../../../../test/conformance/hosts/bundle.ts";
import { denoProgram, installForDeno } from "../../../../test/conformance/hosts/deno.ts";

const program = fileURLToPath(new URL("programs/deno.ts", import.meta.url));

/** Deno, serving. */
export async function startDenoServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "wick-deno-server-"));
  await installForDeno(folder);
  // Wick's packages Deno itself finds; the server is part of the program.
  await bundle(program, join(folder, "program.js"), { external: ["node:*", "wick", "@wick/wasm", "@wick/demo-model"] });
  const permissions = ["--allow-read", "--allow-net=127.0.0.1"];
  const child = spawn(denoProgram(), ["run", "--no-prompt", ...permissions, "program.js"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const { value, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (done === true) throw new Error(`Deno ended with ${child.exitCode ?? child.signalCode}`);
  const { port } = JSON.parse(value) as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
