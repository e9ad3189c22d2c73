import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    name: "ts-api",
    include: ["packages/ts-api/test/**/*.test.ts", "test/{conformance,examples,verify-models}/**/*.test.ts"],
    // For the tests of what the collector frees.
    execArgv: ["--expose-gc"],
    // Longer than what tests wait for themselves, so that they say what did not come.
    testTimeout: 30_000,
  },
});
