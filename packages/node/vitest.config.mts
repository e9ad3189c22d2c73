import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "@wick/node",
    include: ["test/**/*.test.mts"],
    // Fifty processes or workers a test, on two cores.
    testTimeout: 120_000,
  },
});
