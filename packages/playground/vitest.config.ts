import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    name: "playground",
    include: ["packages/playground/test/**/*.test.ts"],
    globalSetup: "packages/playground/test/build-page.ts",
    // Longer than what tests wait for themselves, so that they say what did not come.
    testTimeout: 30_000,
  },
});
