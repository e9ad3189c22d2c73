import type { WasmModule } from "./wasm-module.js";

/** The compiled module, in hosts that import sources; Deno asks no permission for it. */
export declare const relaxedSimd: WasmModule;
