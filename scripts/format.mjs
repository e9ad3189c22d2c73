// `npm run format`: writes every file the way `npm run check` wants it.

import { packages, rust } from "./setup.mjs";
import { main, step } from "./step.mjs";
import { root, tool } from "./toolchain.mjs";

await main(async () => {
  await packages();
  await rust();
  await step("Formatting Rust", "cargo", ["fmt", "--all"], { cwd: root });
  const [command, ...args] = tool("oxfmt/bin/oxfmt");
  await step("Formatting the rest", command, args, { cwd: root });
});
