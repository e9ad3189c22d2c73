import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    name: "server",
    include: ["packages/server/test/**/*.test.ts"],
    // Longer than what tests wait for themselves, so that they say what did not come.
    testTimeout: 30_000,
  },
});
