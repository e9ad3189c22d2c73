import { type BuildOptions, build } from "esbuild";
import { fileURLToPath } from "node:url";

/** Constants that a program is given when it is bundled. */
export type Given = Readonly<Record<string, string>>;

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Writes a host's program, or a module of a package, as one file, with the harness in the place of vitest. */
export async function bundle(name: string, outfile: string, options: BuildOptions, given: Given = {}): Promise<void> {
  const constants = Object.entries(given).map(([constant, value]) => [constant, JSON.stringify(value)]);
  await build({
    entryPoints: [name.includes("/") ? name : here(`programs/${name}.ts`)],
    outfile,
    alias: { vitest: here("harness.ts") },
    // By its environment assertions choose their colours, for which Deno wants a permission.
    define: { process: "undefined", ...Object.fromEntries(constants) },
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
    ...options,
  });
}
