import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { name: "@wick/wasm", include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
