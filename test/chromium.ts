import { type Browser, chromium } from "playwright-core";
import { findChromium } from "../scripts/chromium.mjs";

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

/** A Chromium for pages. */
export function startBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("Chromium is missing: `npm test` installs it, or set CHROME_PATH");
  return chromium.launch({ executablePath, args: flags });
}
