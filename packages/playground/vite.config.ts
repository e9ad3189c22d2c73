import { defineConfig } from "vite";
import { engineFiles } from "./engine-files.ts";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [engineFiles()],
  worker: { format: "es", plugins: () => [engineFiles()] },
  build: {
    target: "es2022",
    // As they were when they had all that the style sheets use: `light-dark()`, container queries, `:has()`.
    cssTarget: ["chrome123", "edge123", "firefox121", "safari17.5"],
    // Everything is a file of its own: `data:` addresses would need leave in the Content-Security-Policy.
    assetsInlineLimit: 0,
    // Browsers with the CSS that the page uses have module preloading, too.
    modulePreload: { polyfill: false },
    // Wick's package loads the validation of schemas when it is needed, which here is at once: the page has tools.
    rolldownOptions: {
      checks: { ineffectiveDynamicImport: false },
    },
  },
});
