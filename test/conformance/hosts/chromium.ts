import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBrowser } from "../../chromium.ts";
import { type Given, bundle } from "./bundle.ts";
import type { Call, Host } from "./host.ts";
import { servePage } from "./page-server.ts";

/** Chromium with a page in it. */
export async function startChromium(program = "chromium", given: Given = {}): Promise<Host> {
  const folder = await mkdtemp(join(tmpdir(), "wick-chromium-"));
  await bundle(program, join(folder, "page.js"), { platform: "browser" }, given);
  // Where the page's bundle looks for it.
  await bundle("wick/worker", join(folder, "entry/worker.js"), { platform: "browser" });
  const { server, origin } = await servePage(folder);
  const browser = await startBrowser();
  const tab = await browser.newPage();
  await tab.goto(origin);
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
