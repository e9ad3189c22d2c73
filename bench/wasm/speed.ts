import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../../test/chromium.ts";
import { bundle } from "../../test/conformance/hosts/bundle.ts";
import { servePage } from "../../test/conformance/hosts/page-server.ts";
import { type FileType, randomSmolLm } from "../models.ts";
import { type Figure, median } from "../report.ts";
import type { Speed } from "./programs/speed.ts";

const types: readonly FileType[] = ["Q4_0", "Q8_0", "Q4_K"];
const runs = 3;

/** Prefill of 128 tokens and decode of 32 in one Chromium, one thread: Wick, and llama.cpp as wllama has it. */
export async function measureSpeed(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "wick-speed-"));
  await bundle(fileURLToPath(new URL("programs/speed.ts", import.meta.url)), join(folder, "page.js"), {
    platform: "browser",
  });
  await bundle("wick/worker", join(folder, "entry/worker.js"), { platform: "browser" });
  const wllama = dirname(fileURLToPath(import.meta.resolve("@wllama/wllama/esm/index.js")));
  await symlink(join(wllama, "wasm/wllama.wasm"), join(folder, "wllama.wasm"));
  for (const type of types) await symlink(randomSmolLm(type), join(folder, `${type}.gguf`));
  const { server, origin } = await servePage(folder);
  const browser = await startBrowser();
  const figures: Figure[] = [];
  for (const type of types) {
    const pairs: { wick: Speed; wllama: Speed }[] = [];
    for (let run = 0; run < runs; run += 1) {
      const page = await browser.newPage();
      await page.goto(origin);
      await page.waitForFunction("typeof measure === 'function'");
      pairs.push(await page.evaluate(`measure("/${type}.gguf")`));
      await page.close();
    }
    for (const part of ["prefill", "decode"] as const) {
      const of = (engine: "wick" | "wllama") => median(pairs.map((pair) => pair[engine][part]));
      const name = `SmolLM2-135M ${type}: ${part}`;
      const ratio = median(pairs.map(({ wick, wllama: theirs }) => wick[part] / theirs[part]));
      const tokens = pairs.map(({ wick, wllama: theirs }) => `${wick.promptTokens}/${theirs.promptTokens}`)[0];
      const note = `wllama ${of("wllama").toFixed(1)}; prompts of ${tokens} tokens; median of ${runs} pairs`;
      figures.push({ name, value: of("wick"), unit: "tokens/s", note });
      figures.push({ name: `${name} against wllama`, value: ratio, unit: "×" });
    }
  }
  await browser.close();
  server.close();
  await rm(folder, { recursive: true });
  return figures;
}
