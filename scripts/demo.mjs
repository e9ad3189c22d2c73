// `npm run demo`: sets up, builds, and runs the example with the arguments given.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { main } from "./step.mjs";
import { environment, node, root } from "./toolchain.mjs";

/**
 * Runs the example and resolves to its exit code.
 *
 * Ctrl-C reaches this process twice, from the terminal and from npm. The example has a process group of its own and gets
 * each signal from here, once; asking again a moment later kills it.
 */
function run() {
  const child = spawn(node(), [join(root, "examples/stream.ts"), ...process.argv.slice(2)], {
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
  await build();
  process.exitCode = await run();
});
