import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Clients that others wrote, unmodified, against our server. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    name: "clients",
    include: ["test/clients/*.test.ts"],
    testTimeout: 30_000,
    // Python's clients are installed at the first run.
    hookTimeout: 300_000,
  },
});
