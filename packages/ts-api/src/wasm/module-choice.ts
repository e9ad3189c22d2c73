import { WickError } from "../error/wick-error.js";

/** The modules of `@wick/wasm`. */
export type ModuleName = "simd128" | "relaxed-simd";

/** `(func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)` */
const simd = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];
/** `(func (result v128) i32.const 1 i8x16.splat i32.const 2 i8x16.splat i8x16.relaxed_swizzle)` */
const relaxedSimd = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
];

/**
 * The fastest module that this host runs.
 *
 * @throws {@link WickError} `backend_unavailable` where it has no SIMD.
 */
export function chooseModule(): ModuleName {
  if (WebAssembly.validate(Uint8Array.from(relaxedSimd))) return "relaxed-simd";
  if (WebAssembly.validate(Uint8Array.from(simd))) return "simd128";
  const message =
    "This host's WebAssembly has no SIMD, which Wick needs: use Node 20, Deno, Workers, Chrome 91, Firefox 89 or Safari 16.4, or later.";
  throw new WickError({ code: "backend_unavailable", message, retryable: false });
}
