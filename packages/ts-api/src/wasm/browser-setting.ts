import { moduleUrl } from "@wick/wasm/module-url";
import { downloadStore } from "../browser/download-store.js";
import { unsupported } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";
import { hubAddresses } from "../hub/hub-addresses.js";
import { fileOfRequest } from "../source/download.js";
import { compileUrl } from "./compile-url.js";
import { type ModuleName, chooseModule } from "./module-choice.js";
import type { WasmSetting } from "./wasm-backend.js";

/** WebAssembly in a browser: the module is fetched, and compiled while it comes; a path is an address below the page's. */
export const browserSetting: WasmSetting = {
  async compile(wasmUrl) {
    const name = chooseModule();
    return compileUrl(wasmUrl ?? urlOf(name));
  },
  placeOptions: ["worker", "workerUrl", "wasmUrl", "browserCache"],
  startWorker,
  resolvePath(source) {
    throw noFile(String(source));
  },
  async filesOf(path, options) {
    const { location } = globalThis as { location?: { href: string } };
    if (!URL.canParse(path, location?.href)) throw noFile(path);
    const file = fileOfRequest(new URL(path, location?.href), downloadStore(options));
    return { kind: "files", files: [file], isFolder: false };
  },
  downloadStore,
  hub: (name, options) => hubAddresses(name, options, downloadStore(options)),
  testFaults: false,
};

function startWorker(workerUrl?: string | URL): Worker {
  try {
    if (workerUrl !== undefined) return new Worker(workerUrl, { type: "module", name: "wick" });
    // As it stands here bundlers find it, and put in where they have the script.
    return new Worker(new URL("../entry/worker.js", import.meta.url), { type: "module", name: "wick" });
  } catch (cause) {
    const message =
      `The Web Worker could not be started (${String(cause)}): its script must be of the page's own origin. ` +
      "Give the address of wick/worker as options.workerUrl.";
    throw new WickError({ code: "backend_unavailable", message, retryable: false }, { cause });
  }
}

function noFile(path: string): WickError {
  return unsupported("source", `A page has no files (${JSON.stringify(path)}): give an address, bytes or a stream.`);
}

function urlOf(name: ModuleName): URL {
  try {
    return moduleUrl(name);
  } catch (cause) {
    // A classic script does not know its address, and neither does what a bundler makes of one.
    const message = `This bundle does not know where it is (import.meta.url), nor ${name}.wasm: give the address of that file as options.wasmUrl.`;
    throw new WickError({ code: "backend_unavailable", message, retryable: false }, { cause });
  }
}
