import { moduleUrl } from "@wick/wasm/module-url";
import { WickError } from "../error/wick-error.js";
import { compileUrl } from "./compile-url.js";
import { type ModuleName, chooseModule } from "./module-choice.js";
import { noFiles } from "./no-files.js";
import type { WasmSetting } from "./wasm-backend.js";

/** WebAssembly in a browser: the module is fetched, and compiled while it comes. */
export const browserSetting: WasmSetting = {
  async compile(wasmUrl?: string | URL) {
    const name = chooseModule();
    return compileUrl(wasmUrl ?? urlOf(name));
  },
  ...noFiles,
  testFaults: false,
};

function urlOf(name: ModuleName): URL {
  try {
    return moduleUrl(name);
  } catch (cause) {
    // A classic script does not know its address, and neither does what a bundler makes of one.
    const message = `This bundle does not know where it is (import.meta.url), nor ${name}.wasm: give the address of that file as options.wasmUrl.`;
    throw new WickError({ code: "backend_unavailable", message, retryable: false }, { cause });
  }
}
