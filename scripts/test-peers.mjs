// `npm run test:peers`: our client against servers that others wrote, which are installed at the first run (llama.cpp is built).

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { main } from "./step.mjs";
import { environment, root, tool } from "./toolchain.mjs";

await main(async () => {
  await build();
  const [command, ...args] = tool("vitest/vitest.mjs");
  const config = join(root, "test/peers/vitest.config.ts");
  const { status } = spawnSync(command, [...args, "run", "--config", config], { stdio: "inherit", env: environment() });
  process.exitCode = status ?? 1;
});
