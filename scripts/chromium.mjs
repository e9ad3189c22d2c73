// Where Chrome or Chromium is on this machine, for the tests that run in a page.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** As they are called in PATH. Chrome first: Ubuntu has a `chromium-browser` that only says how to install one. */
const names = ["google-chrome", "google-chrome-stable", "chrome", "chromium", "chromium-browser"];

function usualPlaces() {
  switch (process.platform) {
    case "darwin":
      return ["Google Chrome", "Chromium"].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
    case "win32": {
      const folders = [process.env.ProgramFiles, process.env["ProgramFiles(x86)"], process.env.LocalAppData];
      const browsers = ["Google\\Chrome", "Chromium"];
      return folders
        .filter((folder) => folder !== undefined)
        .flatMap((folder) => browsers.map((browser) => join(folder, browser, "Application", "chrome.exe")));
    }
    default: {
      const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
      return names.flatMap((name) => folders.map((folder) => join(folder, name)));
    }
  }
}

/** The program, by CHROME_PATH or where it usually is; undefined where there is none. */
export function findChromium() {
  const { CHROME_PATH: chosen } = process.env;
  if (chosen) return chosen;
  return usualPlaces().find((path) => existsSync(path));
}
