import type { Plugin } from "esbuild";
import { Miniflare } from "miniflare";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Given, bundle } from "./bundle.ts";
import type { Host } from "./host.ts";

/** What is no script is a module of its own beside the program, as wrangler has it. */
function separate(found: Map<string, string>): Plugin {
  return {
    name: "separate",
    setup(build) {
      build.onResolve({ filter: /\.(?:wasm|gguf)$/ }, async ({ path, pluginData, ...args }) => {
        if (pluginData === "inner") return undefined;
        const resolved = await build.resolve(path, { ...args, pluginData: "inner" });
        found.set(basename(resolved.path), resolved.path);
        return { path: `./${basename(resolved.path)}`, external: true };
      });
    },
  };
}

/** What `fetch` of a Worker takes and gives. */
export interface Workerd {
  fetch(path: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

/** workerd with the cases in it. */
export async function startWorkerdHost(program = "workerd", given: Given = {}): Promise<Host> {
  const { fetch, stop } = await startWorkerd(program, given);
  return {
    async call(call) {
      const response = await fetch("/", { method: "POST", body: JSON.stringify(call) });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return response.json();
    },
    stop,
  };
}

/** workerd with a Worker in it. */
export async function startWorkerd(program: string, given: Given = {}): Promise<Workerd> {
  const folder = await mkdtemp(join(tmpdir(), "wick-workerd-"));
  const outfile = join(folder, "worker.js");
  const files = new Map<string, string>();
  const options = { conditions: ["workerd"], mainFields: ["module", "main"], plugins: [separate(files)] };
  await bundle(program, outfile, options, given);
  const modules: Record<string, { type: "esm" | "wasm" | "data"; contents: string | Uint8Array<ArrayBuffer> }> = {
    "worker.js": { type: "esm", contents: await readFile(outfile, "utf8") },
  };
  for (const [name, path] of files) {
    modules[name] = { type: name.endsWith(".wasm") ? "wasm" : "data", contents: new Uint8Array(await readFile(path)) };
  }
  await rm(folder, { recursive: true });
  const miniflare = new Miniflare({
    workers: [
      {
        config: {
          name: "conformance",
          compatibilityDate: "2026-10-01",
          manifest: { mainModule: "worker.js", modulesRoot: "/", modules },
        },
      },
    ],
  });
  const address = await miniflare.ready;
  return {
    // Over HTTP, as clients come: one that leaves closes its connection.
    fetch: (path, init) => fetch(new URL(path, address), init),
    stop: () => miniflare.dispose(),
  };
}
