// `npm run demo`: sets up, builds, and runs the example with the arguments given; with `--wasm` through WebAssembly.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { main } from "./step.mjs";
import { environment, node, root } from "./toolchain.mjs";

const preload = pathToFileURL(join(root, "scripts/wasm-instead.mjs")).href;

/**
 * Runs the example and resolves to its exit code.
 *
 * Ctrl-C reaches this process twice, from the terminal and from npm. The example has a process group of its own and gets
 * each signal from here, once; asking again a moment later kills it.
 */
function run(options, question) {
  const child = spawn(node(), [...options, join(root, "examples/stream.ts"), ...question], {
    stdio: "inherit",
    env: environment(),
    detached: process.platform !== "win32",
  });
  let askedAt;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (askedAt === undefined) {
        askedAt = Date.now();
        if (process.platform !== "win32") child.kill(signal); // Windows tells every process of the console itself
      } else if (Date.now() - askedAt > 500) {
        child.kill("SIGKILL");
      }
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

await main(async () => {
  const given = process.argv.slice(2);
  const isWasm = given[0] === "--wasm";
  await build();
  if (isWasm) await buildWasm();
  const code = await (isWasm ? run(["--import", preload], given.slice(1)) : run([], given));
  if (code === 0)
    process.stdout.write("\nnpx wick chat talks to it, npx wick serve serves it, with a page to try it.\n");
  process.exitCode = code;
});
