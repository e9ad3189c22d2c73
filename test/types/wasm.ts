// `wick/wasm`, what `@wick/wasm` has beside it and the demo model under the same compilers, also without the types of a page.
import { demoModel } from "@wick/demo-model";
import simd128 from "@wick/wasm/simd128.wasm";
import relaxedSimd from "@wick/wasm/relaxed-simd.wasm";
import type { Model } from "wick";
import * as wasm from "wick/wasm";

export const model: Promise<Model> = wasm.Model.load(demoModel());
export const modules: readonly object[] = [simd128, relaxedSimd];
