import module from "@wick/wasm/simd128.wasm?module";
import { hubAddresses } from "../hub/hub-addresses.js";
import { givenModule } from "./given-module.js";
import { isolateMemory } from "./isolate-memory.js";
import { noFiles } from "./no-files.js";
import type { WasmSetting } from "./wasm-backend.js";

/**
 * WebAssembly in Vercel's edge runtime, which compiles nothing itself: one module comes with the program. `next dev` runs it on
 * the Node that is there, and Node 20 has no relaxed SIMD.
 */
export const edgeLightSetting: WasmSetting = {
  compile: async () => givenModule(module, "@wick/wasm/simd128.wasm?module"),
  ...noFiles,
  hub: (name, options) => hubAddresses(name, options),
  placeOptions: [],
  memoryLimit: isolateMemory,
  testFaults: false,
};
