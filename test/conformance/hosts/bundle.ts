import { type BuildOptions, build } from "esbuild";
import { fileURLToPath } from "node:url";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Writes a host's program, with the harness in the place of vitest, as one file. */
export async function bundle(program: string, outfile: string, options: BuildOptions): Promise<void> {
  await build({
    entryPoints: [here(`programs/${program}.ts`)],
    outfile,
    alias: { vitest: here("harness.ts") },
    // By its environment assertions choose their colours, for which Deno wants a permission.
    define: { process: "undefined" },
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
    ...options,
  });
}
