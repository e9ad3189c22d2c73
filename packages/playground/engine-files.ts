import type { Plugin } from "vite";

/** Files of other packages, by the names that their modules address them by. */
const address = /new URL\("\.\/([\w.-]+\.(?:wasm|gguf))", import\.meta\.url\)/g;

/**
 * Leaves the engine and the demo model out of the page: their packages have them, and the server sends them from there, below
 * `/engine/`. So the page does not double what is installed, and is built where they are not.
 */
export function engineFiles(): Plugin {
  return {
    name: "wick:engine-files",
    enforce: "pre",
    resolveId: {
      filter: { id: /^@wick\/wasm$/ },
      handler: () => ({ id: "/engine/bindings.js", external: "absolute" }),
    },
    transform: {
      filter: { id: /(?:wasm[/\\]module-url|demo-model[/\\]url)\.js$/ },
      handler: (code) => code.replaceAll(address, 'new URL("/engine/$1", self.location.href)'),
    },
  };
}
