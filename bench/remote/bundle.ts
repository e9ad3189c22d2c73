import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import type { Figure } from "../report.ts";

/** What a page loads that speaks to a host. */
export async function measureBundle(): Promise<Figure[]> {
  const { outputFiles } = await build({
    stdin: {
      contents: 'import { Model } from "wick/remote"; globalThis.Model = Model;',
      resolveDir: fileURLToPath(new URL("../../packages/ts-api", import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  return [
    {
      name: "bundle of wick/remote, minified and gzipped",
      value: gzipSync(code, { level: 9 }).length / 1000,
      unit: "kB",
      atMost: 12,
      note: `${(code.length / 1000).toFixed(1)} kB minified`,
    },
  ];
}
