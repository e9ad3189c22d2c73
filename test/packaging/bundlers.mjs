// The packages as bundlers take them into a page or a Worker, each run until it has streamed an answer.

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import { build as esbuild } from "esbuild";
import { Miniflare } from "miniflare";
import { build as viteBuild, createServer as viteServer } from "vite";
import webpack from "webpack";
import { startBrowser } from "../chromium.ts";

const execute = promisify(execFile);
const require = createRequire(import.meta.url);
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const vite = { configFile: false, logLevel: "error" };
/** What the README has for Vite before version 8. */
const olderVite = { ...vite, optimizeDeps: { exclude: ["wick", "@wick/wasm", "@wick/demo-model"] } };

/** Serves a folder, as a host of static files does. */
async function serve(folder) {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://host");
    const name = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    const body = await readFile(join(folder, name)).catch(() => {});
    if (body === undefined) response.statusCode = 404;
    else response.setHeader("content-type", types[extname(name)] ?? "application/octet-stream");
    response.end(body);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function serveWithVite(settings, folder) {
  const server = await viteServer({ ...settings, root: folder, server: { host: "127.0.0.1", port: 0 } });
  await server.listen();
  return { origin: server.resolvedUrls.local[0].replace(/\/$/, ""), close: () => server.close() };
}

/** What the page says that it streamed, with `query` for the options of its load. */
async function visit(browser, origin, query = {}) {
  const tab = await browser.newPage();
  const problems = [];
  tab.on("pageerror", (error) => problems.push(error.stack));
  try {
    await tab.goto(`${origin}/?${new URLSearchParams(query)}`);
    const result = await tab.waitForFunction("globalThis.result", undefined, { timeout: 60_000 });
    return await result.jsonValue();
  } catch (error) {
    throw new Error(`${error.message}\n${problems.join("\n")}`, { cause: error });
  } finally {
    await tab.close();
  }
}

async function writePage(folder, script) {
  await mkdir(folder, { recursive: true });
  const page = `<!doctype html><meta charset="utf-8"><title>Wick</title><script type="module" src="${script}"></script>`;
  await writeFile(join(folder, "index.html"), page);
}

function buildWithWebpack(folder) {
  const config = {
    mode: "production",
    context: folder,
    entry: "./page.mjs",
    output: { path: join(folder, "webpack-out"), filename: "page.js" },
    performance: { hints: false },
  };
  return new Promise((resolve, reject) => {
    webpack(config, (error, stats) => {
      if (error !== null) reject(error);
      else if (stats.hasErrors()) reject(new Error(stats.toString("errors-only")));
      else resolve();
    });
  });
}

/** Vite, webpack and esbuild: each with its page in `streams`, which throws where nothing was streamed. */
export function pageTests(folder, streams) {
  const at = (...parts) => join(folder, ...parts);
  const opened = {};
  let browser;
  const visited = async (name, query) => visit(browser, opened[name].origin, query);
  const tests = [
    [
      "Vite's server",
      async () => {
        browser = await startBrowser();
        opened.vite = await serveWithVite(vite, folder);
        streams(await visited("vite"));
      },
    ],
    ["Vite's server, in a Web Worker", async () => streams(await visited("vite", { worker: 1 }))],
    [
      "Vite's server as older ones need it, in a Web Worker",
      async () => {
        opened.olderVite = await serveWithVite(olderVite, folder);
        streams(await visited("olderVite", { worker: 1 }));
      },
    ],
    [
      "a build of Vite",
      async () => {
        await viteBuild({ ...vite, root: folder, build: { outDir: "vite-out" } });
        opened.viteBuild = await serve(at("vite-out"));
        streams(await visited("viteBuild"));
      },
    ],
    ["a build of Vite, in a Web Worker", async () => streams(await visited("viteBuild", { worker: 1 }))],
    [
      "a build of webpack",
      async () => {
        await buildWithWebpack(folder);
        await writePage(at("webpack-out"), "page.js");
        opened.webpack = await serve(at("webpack-out"));
        streams(await visited("webpack"));
      },
    ],
    ["a build of webpack, in a Web Worker", async () => streams(await visited("webpack", { worker: 1 }))],
    [
      "a page of esbuild, which says what it misses beside it",
      async () => {
        const options = { absWorkingDir: folder, bundle: true, format: "esm", logLevel: "error" };
        await esbuild({ ...options, entryPoints: ["page.mjs"], outfile: "esbuild-out/page.js" });
        await esbuild({ ...options, entryPoints: ["wick/worker"], outfile: "esbuild-out/wick-worker.js" });
        await writePage(at("esbuild-out"), "page.js");
        await cp(at("node_modules/@wick/demo-model/wick-demo.Q8_0.gguf"), at("esbuild-out/wick-demo.Q8_0.gguf"));
        opened.esbuild = await serve(at("esbuild-out"));
        const { name, code, message } = await visited("esbuild");
        const isTold = /relaxed-simd\.wasm, which answered 404.*options\.wasmUrl/.test(message);
        if (name !== "WickError" || code !== "backend_unavailable" || !isTold) throw new Error(`${code}: ${message}`);
      },
    ],
    [
      "a page of esbuild, with the modules beside it",
      async () => {
        for (const name of ["simd128.wasm", "relaxed-simd.wasm"]) {
          await cp(at("node_modules/@wick/wasm", name), at("esbuild-out", name));
        }
        streams(await visited("esbuild"));
      },
    ],
    [
      "a page of esbuild, in a Web Worker, by addresses",
      async () => {
        await cp(at("node_modules/@wick/wasm/simd128.wasm"), at("esbuild-out/assets/wick.wasm"));
        streams(await visited("esbuild", { worker: 1, workerUrl: "wick-worker.js", wasmUrl: "assets/wick.wasm" }));
      },
    ],
  ];
  const close = async () => {
    for (const server of Object.values(opened)) await server.close();
    await browser?.close();
  };
  return { tests, close };
}

/** What a Worker answers whose modules are in `folder`. */
async function answerOf(folder, mainModule) {
  const kinds = { ".js": "esm", ".wasm": "wasm", ".gguf": "data" };
  const modules = {};
  for (const name of await readdir(folder)) {
    const type = kinds[extname(name)];
    if (type === undefined) continue;
    const contents = await readFile(join(folder, name));
    modules[name] = { type, contents: type === "esm" ? contents.toString() : new Uint8Array(contents) };
  }
  const config = {
    name: "consumer",
    compatibilityDate: "2026-10-01",
    manifest: { mainModule, modulesRoot: "/", modules },
  };
  const miniflare = new Miniflare({ workers: [{ config }] });
  try {
    await miniflare.ready;
    const response = await miniflare.dispatchFetch("http://worker/");
    if (!response.ok) throw new Error(await response.text());
    return await response.json();
  } finally {
    await miniflare.dispose();
  }
}

/** wrangler, and esbuild as it bundles for Vercel's edge runtime. */
export function workerTests(folder, streams) {
  return [
    [
      "a Worker of wrangler",
      async () => {
        const wrangler = join(dirname(require.resolve("wrangler/package.json")), "bin/wrangler.js");
        const env = { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" };
        await execute(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", "wrangler-out"], {
          cwd: folder,
          env,
        });
        streams(await answerOf(join(folder, "wrangler-out"), "worker.js"));
      },
    ],
    [
      "a function for the edge runtime",
      async () => {
        const out = join(folder, "edge-out");
        await esbuild({
          absWorkingDir: folder,
          entryPoints: ["worker.mjs"],
          outfile: "edge-out/worker.js",
          bundle: true,
          format: "esm",
          conditions: ["edge-light"],
          loader: { ".gguf": "binary" },
          plugins: [compiledModules(out)],
          logLevel: "error",
        });
        streams(await answerOf(out, "worker.js"));
      },
    ],
  ];
}

/** As bundlers for the edge runtime do it: what is imported as `….wasm?module` comes compiled, beside the program. */
function compiledModules(out) {
  return {
    name: "compiled-modules",
    setup(build) {
      build.onResolve({ filter: /\.wasm\?module$/ }, async ({ path, ...args }) => {
        const resolved = await build.resolve(path.replace(/\?module$/, ""), args);
        await mkdir(out, { recursive: true });
        await cp(resolved.path, join(out, "module.wasm"));
        return { path: "./module.wasm", external: true };
      });
    },
  };
}
