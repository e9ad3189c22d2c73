import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { keptModels } from "../hub/kept-models.js";
import { resolvePath } from "../native/resolve-path.js";
import { filesOf } from "./file-system.js";
import { chooseModule } from "./module-choice.js";
import type { WasmSetting } from "./wasm-backend.js";

/** WebAssembly in Node: the module and models are files. */
export const nodeSetting: WasmSetting = {
  async compile(wasmUrl) {
    const name = chooseModule();
    const file =
      wasmUrl === undefined ? fileURLToPath(import.meta.resolve(`@wick/wasm/${name}.wasm`)) : pathOf(wasmUrl);
    return WebAssembly.compile(await readFile(file));
  },
  placeOptions: ["wasmUrl"],
  resolvePath,
  filesOf,
  ...keptModels,
  testFaults: process.env["WICK_TEST_FAULTS"] === "1",
};

function pathOf(url: string | URL): string {
  return url instanceof URL || URL.canParse(url) ? fileURLToPath(url) : url;
}
