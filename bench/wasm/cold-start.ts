import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { demoModel } from "@wick/demo-model";
import { build } from "esbuild";
import { startBrowser } from "../../test/chromium.ts";
import { bundle } from "../../test/conformance/hosts/bundle.ts";
import { denoProgram, installForDeno } from "../../test/conformance/hosts/deno.ts";
import { servePage } from "../../test/conformance/hosts/page-server.ts";
import { startWorkerd } from "../../test/conformance/hosts/workerd.ts";
import { runChild } from "../child.ts";
import { type Figure, median } from "../report.ts";

const program = (name: string) => new URL(`programs/${name}.ts`, import.meta.url);
const runs = 7;

/** From the import, or what comes before it, to the first token of the demo model, each time anew. */
export async function measureColdStart(): Promise<Figure[]> {
  const hosts: [string, string, () => Promise<number[]>][] = [
    ["Node", "a process, from the import", inNode],
    ["Deno", "a process, from the import", inDeno],
    ["workerd", "an isolate, from its first request", inWorkerd],
    ["Chromium", "a page, from the import", inChromium],
  ];
  const figures: Figure[] = [];
  for (const [host, what, measure] of hosts) {
    const name = `import to first token, ${host}`;
    const [, ...times] = await measure();
    figures.push({ name, value: median(times), unit: "ms", atMost: 300, note: `${what}; median of ${times.length}` });
  }
  return figures;
}

// The first run warms the page cache, and is left out.
const times = async (measure: () => Promise<number>) => {
  const all: number[] = [];
  while (all.length <= runs) all.push(await measure());
  return all;
};

function inNode(): Promise<number[]> {
  return times(async () => runChild<{ ms: number }>(program("process")).ms);
}

async function inDeno(): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "wick-deno-"));
  await installForDeno(folder);
  const packages = ["wick", "@wick/*"];
  await bundle(fileURLToPath(program("process")), join(folder, "program.js"), { external: packages });
  const arguments_ = ["run", "--no-prompt", `--allow-read=${demoModel()}`, "program.js"];
  const measured = await times(async () => {
    const said = execFileSync(denoProgram(), arguments_, { cwd: folder, encoding: "utf8" });
    return (JSON.parse(said) as { ms: number }).ms;
  });
  await rm(folder, { recursive: true });
  return measured;
}

function inWorkerd(): Promise<number[]> {
  return times(async () => {
    // From outside: clocks in Workers stand still.
    const { fetch, stop } = await startWorkerd(fileURLToPath(program("worker")));
    const began = performance.now();
    await (await fetch("/")).text();
    const ms = performance.now() - began;
    await stop();
    return ms;
  });
}

async function inChromium(): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "wick-chromium-"));
  // In files of their own, so that the import fetches what it imports.
  await build({
    entryPoints: [fileURLToPath(program("page"))],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
  });
  const { server, origin } = await servePage(folder);
  const browser = await startBrowser();
  const measured = await times(async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    // Told by the page, since who asks it takes its time.
    const [said] = await Promise.all([
      page.waitForEvent("console", (message) => message.type() === "log"),
      page.goto(origin),
    ]);
    await context.close();
    return (JSON.parse(said.text()) as { ms: number }).ms;
  });
  await browser.close();
  server.close();
  await rm(folder, { recursive: true });
  return measured;
}
