// `npm run docs`: the reference of the package `wick`, as HTML; a warning is a failure.

import { build } from "./build.mjs";
import { main, step } from "./step.mjs";
import { npm, root } from "./toolchain.mjs";

await main(async () => {
  await build();
  const [command, ...args] = npm();
  await step("Writing the reference", command, [...args, "run", "docs", "--workspace", "wick"], { cwd: root });
});
