// `npm run faults`: builds, then asks clients of hosted models what they make of hosts that do wrong, for docs/hosted-models.md.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { main } from "./step.mjs";
import { environment, node, root } from "./toolchain.mjs";

await main(async () => {
  await build();
  const { status } = spawnSync(node(), [join(root, "bench/faults/run.ts")], { stdio: "inherit", env: environment() });
  process.exitCode = status ?? 1;
});
