import { keptModels } from "../hub/kept-models.js";
import { resolvePath } from "../native/resolve-path.js";
import { compileUrl } from "./compile-url.js";
import { filesOf } from "./file-system.js";
import type { WasmSetting } from "./wasm-backend.js";

/** WebAssembly in Deno: an import of the module, for which it asks no permission; a model's files need `--allow-read`. */
export const denoSetting: WasmSetting = {
  async compile(wasmUrl) {
    if (wasmUrl !== undefined) return compileUrl(wasmUrl);
    // At the first load: the import compiles it.
    const { relaxedSimd } = await import("@wick/wasm/source");
    return relaxedSimd;
  },
  placeOptions: ["wasmUrl"],
  resolvePath,
  filesOf,
  ...keptModels,
  testFaults: false,
};
