// `npm run bench -- native`: builds, then runs the benchmarks of that name and prints their figures.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { main } from "./step.mjs";
import { environment, hostBuild, node, root } from "./toolchain.mjs";

await main(async () => {
  await build();
  if (process.argv[2] === "wasm") await buildWasm();
  const { status } = spawnSync(node(), [join(root, "bench/run.ts"), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: environment(hostBuild()),
  });
  process.exitCode = status ?? 1;
});
