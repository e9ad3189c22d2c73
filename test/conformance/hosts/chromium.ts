import { demoModel } from "@wick/demo-model";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findChromium } from "../../../scripts/chromium.mjs";
import { bundle } from "./bundle.ts";
import type { Call, Host } from "./host.ts";

const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".gguf": "application/octet-stream",
};
const page = '<!doctype html><meta charset="utf-8"><title>Wick</title><script type="module" src="page.js"></script>';
/** Without what reaches for the network by itself, and for what a container has not. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Chromium with a page in it. */
export async function startChromium(): Promise<Host> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("Chromium is missing: `npm test` installs it, or set CHROME_PATH");
  const folder = await mkdtemp(join(tmpdir(), "wick-chromium-"));
  await bundle("chromium", join(folder, "page.js"), { platform: "browser" });
  await bundle("web-worker", join(folder, "worker.js"), { platform: "browser" });
  // Where the page's bundle lies, and what it expects beside it.
  const folders = [folder, dirname(fileURLToPath(import.meta.resolve("@wick/wasm"))), dirname(demoModel())];
  const server = createServer(async ({ url = "" }, response) => {
    const name = url === "/" ? "/page.html" : url;
    const body = url === "/" ? Buffer.from(page) : await firstOf(folders.map((at) => join(at, name)));
    response.statusCode = body === undefined ? 404 : 200;
    response.setHeader("content-type", types[extname(name)] ?? "text/plain");
    response.setHeader("content-length", body?.length ?? 0);
    response.end(body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const browser = await chromium.launch({ executablePath, args: flags });
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await tab.waitForFunction("typeof answer === 'function'");
  return {
    call: (call: Call) => tab.evaluate(`answer(${JSON.stringify(call)})`),
    async stop() {
      await browser.close();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function firstOf(paths: readonly string[]): Promise<Buffer | undefined> {
  for (const path of paths) {
    const found = await readFile(path).catch(() => {});
    if (found !== undefined) return found;
  }
  return undefined;
}
