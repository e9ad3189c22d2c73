import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Browser } from "playwright-core";

import { startBrowser } from "../../test/chromium.ts";
import { bundle } from "../../test/conformance/hosts/bundle.ts";
import { servePage } from "../../test/conformance/hosts/page-server.ts";
import { gate, type Cell } from "../cell.ts";
import { compare, decoding, prefilling } from "../compare.ts";
import { randomSmolLm } from "../models.ts";
import type { Options } from "../options.ts";
import type { Engine } from "../peers/engine.ts";
import { noteVersion } from "../peers/versions.ts";
import { smolLm2_135m } from "../random-model/shape.ts";

const WLLAMA = "wllama";

/** The engines of a page, by the module of Wick's. */
const MODULES = { "wick, relaxed SIMD": "/relaxed-simd.wasm", "wick, SIMD": "/simd128.wasm", [WLLAMA]: null };

/** What each of our modules must reach. */
const GATES = {
  decode: { "wick, relaxed SIMD": 1.5, "wick, SIMD": 1.2 },
  prefill: { "wick, relaxed SIMD": 3, "wick, SIMD": 2 },
};
const GATE_Q8_0 = 1.1;

/** One Chromium, one thread: Wick's two modules, and llama.cpp as wllama has it. */
export async function* measurePeers(options: Options): AsyncGenerator<Cell> {
  const types = options.types ?? ["Q4_0", "Q4_K", "Q8_0"];
  const folder = await mkdtemp(join(tmpdir(), "wick-peers-"));
  await bundle(fileURLToPath(new URL("programs/peers.ts", import.meta.url)), join(folder, "page.js"), {
    platform: "browser",
  });
  await bundle("wick/worker", join(folder, "entry/worker.js"), { platform: "browser" });
  const wllama = dirname(fileURLToPath(import.meta.resolve("@wllama/wllama/esm/index.js")));
  await symlink(join(wllama, "wasm/wllama.wasm"), join(folder, "wllama.wasm"));
  for (const type of types) await symlink(randomSmolLm(type), join(folder, `${type}.gguf`));
  const { server, origin } = await servePage(folder);
  const browser = await startBrowser();
  noteVersion("Chromium", browser.version());
  noteVersion(
    WLLAMA,
    (JSON.parse(await readFile(join(wllama, "../package.json"), "utf8")) as { version: string }).version,
  );
  for (const type of types) {
    const subject = { shape: smolLm2_135m, type, threads: 1 };
    const engines: Engine[] = [];
    for (const [name, module] of Object.entries(MODULES))
      engines.push(await openPage(browser, origin, name, `/${type}.gguf`, module));
    for (const [part, tokens, contestants] of [
      // wllama keeps nothing of a prompt: a short one, as it is computed anew each time.
      ["decode", 16, engines.map((engine) => decoding(engine, subject, 16))],
      ["prefill", 128, engines.map((engine) => prefilling(engine, 128))],
    ] as const) {
      yield await compare(part, options, subject, tokens, contestants, (measured) =>
        Object.entries(GATES[part]).map(([name, bound]) =>
          gate(measured, name, WLLAMA, { atLeast: type === "Q8_0" ? GATE_Q8_0 : bound }),
        ),
      );
    }
    for (const engine of engines) await engine[Symbol.asyncDispose]();
  }
  await browser.close();
  server.close();
  await rm(folder, { recursive: true });
}

/** wllama may read a length from where its module has moved on, and does not recover. */
const LOST_REQUEST = /Invalid typed array length/;
const MAX_OPENED = 5;

/** A page with a model, opened anew if it fails as wllama does. */
async function openPage(
  browser: Browser,
  origin: string,
  name: string,
  file: string,
  module: string | null,
): Promise<Engine> {
  const open = async () => {
    const page = await browser.newPage();
    await page.goto(origin);
    await page.waitForFunction("typeof measure === 'function'");
    await page.evaluate(`openModel(${JSON.stringify(file)}, ${JSON.stringify(module)})`);
    return page;
  };
  const start = performance.now();
  let page = await open();
  const loadMs = performance.now() - start;
  let opened = 1;
  const measure = async (tokens: number, decoded: number): Promise<{ promptMs: number; decodeMs: number }> => {
    try {
      return await page.evaluate(`measure(${tokens}, ${decoded})`);
    } catch (error) {
      if (name !== WLLAMA || !LOST_REQUEST.test(String(error)) || opened === MAX_OPENED) throw error;
    }
    await page.close();
    page = await open();
    opened += 1;
    return measure(tokens, decoded);
  };
  return {
    name,
    loadMs,
    prefill: async (tokens) => (await measure(tokens, 0)).promptMs,
    decode: async (context, tokens) => (await measure(context, tokens)).decodeMs,
    [Symbol.asyncDispose]: () => page.close(),
  };
}
