// `npm run example -- browser | deno | worker | hosted | hub | agent | extract | ai-sdk`: builds what the example needs and starts it; what follows goes to it.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { StepError, main } from "./step.mjs";
import { environment, node, root, tool } from "./toolchain.mjs";

const examples = {
  browser: { command: tool("vite/bin/vite.js"), isWasm: true },
  deno: { command: [...tool("deno/bin.cjs"), "task", "--quiet", "chat"], isWasm: true },
  worker: { command: [...tool("wrangler/bin/wrangler.js"), "dev"], isWasm: true },
  hosted: { command: [node(), "hosted.ts"], isWasm: false },
  hub: { command: [node(), "hub.ts"], isWasm: false },
  agent: { command: [node(), "agent.ts"], isWasm: false },
  extract: { command: [node(), "extract.ts"], isWasm: false },
  "ai-sdk": { command: [node(), "ai-sdk.ts"], isWasm: false },
};

await main(async () => {
  const [name, ...rest] = process.argv.slice(2);
  if (!Object.hasOwn(examples, name ?? "")) {
    throw new StepError(`usage: npm run example -- ${Object.keys(examples).join(" | ")}`);
  }
  const { isWasm, command } = examples[name];
  await build();
  if (isWasm) await buildWasm();
  const [program, ...args] = command;
  const { status } = spawnSync(program, [...args, ...rest], {
    // Those of several files have a folder.
    cwd: isWasm ? join(root, "examples", name) : join(root, "examples"),
    stdio: "inherit",
    env: environment(),
  });
  process.exitCode = status ?? 1;
});
