import { createReadStream } from "node:fs";
import { readFile, readdir, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { WickError } from "wick";
import type { StaticFile, StaticFiles } from "../server-options.js";

const folder = new URL("../playground/", import.meta.url);
/** What the page has run in the browser, and where it is. */
const engine: Readonly<Record<string, string>> = {
  "/engine/bindings.js": "@wick/wasm",
  "/engine/simd128.wasm": "@wick/wasm/simd128.wasm",
  "/engine/relaxed-simd.wasm": "@wick/wasm/relaxed-simd.wasm",
  "/engine/wick-demo.Q8_0.gguf": "@wick/demo-model/wick-demo.Q8_0.gguf",
};

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  json: "application/json",
  wasm: "application/wasm",
  gguf: "application/octet-stream",
};

/** The page loads nothing from elsewhere, runs nothing that is written into it, and is in nobody's frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * The files of the playground, as they came with this package. Its engine for browsers comes from `@wick/wasm`, and the demo model from
 * `@wick/demo-model` where that is installed; the page says so where it is not.
 *
 * @example
 * ```ts
 * const server = createServer({ models, files: await playgroundFiles() });
 * ```
 */
export async function playgroundFiles(): Promise<StaticFiles> {
  const names = await readdir(folder, { recursive: true }).catch(() => {
    const message = "This build of @wick/server has no playground: run npm run build, or pass playground: false.";
    throw new WickError({ code: "io_error", message, where: "playground", retryable: false });
  });
  const files = new Map<string, () => Promise<StaticFile>>();
  for (const name of names.map((each) => each.replaceAll("\\", "/"))) {
    if (/\.\w+$/.test(name)) files.set(`/${name}`, () => ofPage(name));
  }
  for (const [path, file] of Object.entries(engine)) {
    const place = placeOf(file);
    if (place !== undefined) files.set(path, () => ofPackage(place));
  }
  return async (path) => files.get(path)?.();
}

async function ofPage(name: string): Promise<StaticFile> {
  return { body: await readFile(new URL(name, folder)), headers: headersOf(name) };
}

async function ofPackage(path: string): Promise<StaticFile> {
  const { size, mtimeMs } = await stat(path);
  // Read as it is sent: these have megabytes.
  const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
  return {
    body,
    headers: { ...headersOf(path), "content-length": String(size), etag: `"${size}-${mtimeMs}"` },
  };
}

function headersOf(name: string): Record<string, string> {
  const type = types[name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
  // Names below `assets` hold a hash of what is in them.
  const cache = name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  // A worker has the policy of its own script.
  return { "content-type": type, "cache-control": cache, "content-security-policy": policy };
}

/** Where a file of another package is; undefined: the package is not installed. */
function placeOf(file: string): string | undefined {
  const here = createRequire(import.meta.url);
  // `@wick/wasm` is a dependency of `wick`, and need not be found from here.
  for (const from of [here, createRequire(here.resolve("wick/package.json")), createRequire(`${process.cwd()}/`)]) {
    try {
      return from.resolve(file);
    } catch {
      // Not from there.
    }
  }
  return undefined;
}
