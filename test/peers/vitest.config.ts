import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Servers that others wrote, which are installed at the first run: `npm run test:peers`, and not part of `npm test`. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    name: "peers",
    include: ["test/peers/*.test.ts"],
    testTimeout: 60_000,
    // llama.cpp is built where it is missing.
    hookTimeout: 1_800_000,
  },
});
