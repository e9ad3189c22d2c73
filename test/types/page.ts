// With the types of a page a module is one of theirs.
import { moduleUrl } from "@wick/wasm/module-url";
import { relaxedSimd } from "@wick/wasm/source";
import simd128 from "@wick/wasm/simd128.wasm";

// Not by assigning: their module has no members, so that every object is one.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export const modules = [simd128, relaxedSimd] as const;
export const areModules: Same<typeof modules, readonly [WebAssembly.Module, WebAssembly.Module]> = true;
export const url: URL = moduleUrl("simd128");
// @ts-expect-error -- no such module
moduleUrl("threads");
