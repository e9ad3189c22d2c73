// `npm run example -- browser | deno | worker`: builds what the example needs and starts it; what follows goes to its tool.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { StepError, main } from "./step.mjs";
import { environment, root, tool } from "./toolchain.mjs";

const examples = {
  browser: tool("vite/bin/vite.js"),
  deno: [...tool("deno/bin.cjs"), "task", "--quiet", "chat"],
  worker: [...tool("wrangler/bin/wrangler.js"), "dev"],
};

await main(async () => {
  const [name, ...rest] = process.argv.slice(2);
  if (!Object.hasOwn(examples, name ?? "")) {
    throw new StepError(`usage: npm run example -- ${Object.keys(examples).join(" | ")}`);
  }
  await build();
  await buildWasm();
  const [command, ...args] = examples[name];
  const { status } = spawnSync(command, [...args, ...rest], {
    cwd: join(root, "examples", name),
    stdio: "inherit",
    env: environment(),
  });
  process.exitCode = status ?? 1;
});
