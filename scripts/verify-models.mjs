// `npm run verify:models`: fetches real checkpoints and compares what they say with transformers and llama.cpp.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { main } from "./step.mjs";
import { environment, node, root } from "./toolchain.mjs";

await main(async () => {
  await build();
  const program = join(root, "test/verify-models/run.ts");
  const { status } = spawnSync(node(), [program, ...process.argv.slice(2)], { stdio: "inherit", env: environment() });
  process.exitCode = status ?? 1;
});
