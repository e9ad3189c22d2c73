import { build } from "esbuild";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import type { Figure } from "../report.ts";

/** What a page loads that speaks to a host. */
export async function measureBundle(): Promise<Figure[]> {
  const { metafile, outputFiles } = await build({
    stdin: {
      contents: 'import { Model } from "wick/remote"; globalThis.Model = Model;',
      resolveDir: fileURLToPath(new URL("../../packages/ts-api", import.meta.url)),
    },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: ".",
    metafile: true,
    write: false,
  });
  const [entry] = Object.entries(metafile.outputs).flatMap(([name, { entryPoint }]) =>
    entryPoint === "<stdin>" ? [name] : [],
  );
  // With it comes what it imports at once; the rest is for calls that a program may never make.
  const loaded = new Set<string>();
  const load = (name: string) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const { path, kind } of metafile.outputs[name]?.imports ?? []) if (kind === "import-statement") load(path);
  };
  load(entry ?? "");
  const bytes = (of: (name: string) => boolean) => {
    const files = outputFiles.filter(({ path }) => of(basename(path)));
    return files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0) / 1000;
  };
  const [first, all] = [bytes((name) => loaded.has(name)), bytes(() => true)];
  return [
    {
      name: "bundle of wick/remote, minified and gzipped",
      value: first,
      unit: "kB",
      atMost: 12,
      note: `and ${(all - first).toFixed(1)} kB with the first chat.parse`,
    },
  ];
}
