import { defineConfig } from "vite";

export default defineConfig({
  // Before it serves, Vite bundles dependencies into one folder, away from the worker and the modules they find by their address.
  optimizeDeps: { exclude: ["wick", "@wick/wasm", "@wick/demo-model"] },
  worker: { format: "es" },
});
