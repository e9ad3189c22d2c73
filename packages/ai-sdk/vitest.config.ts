import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    name: "ai-sdk",
    include: ["packages/ai-sdk/test/**/*.test.ts"],
    // For the test of what the collector frees.
    execArgv: ["--expose-gc"],
    testTimeout: 30_000,
  },
});
