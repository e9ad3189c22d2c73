import module from "@wick/wasm/relaxed-simd.wasm";
import { hubAddresses } from "../hub/hub-addresses.js";
import { givenModule } from "./given-module.js";
import { isolateMemory } from "./isolate-memory.js";
import { noFiles } from "./no-files.js";
import type { WasmSetting } from "./wasm-backend.js";

/**
 * WebAssembly in Cloudflare Workers, which compile nothing themselves: modules come with the program. Each one that is named is
 * uploaded, so that this is the one that its V8 wants alone.
 */
export const workerdSetting: WasmSetting = {
  compile: async () => givenModule(module, "@wick/wasm/relaxed-simd.wasm"),
  ...noFiles,
  hub: (name, options) => hubAddresses(name, options),
  placeOptions: [],
  memoryLimit: isolateMemory,
  testFaults: false,
};
