import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    name: "cli",
    include: ["packages/cli/test/**/*.test.ts"],
    // Longer than what tests wait for themselves, so that they say what did not come.
    testTimeout: 60_000,
  },
});
