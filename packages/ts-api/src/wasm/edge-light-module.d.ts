/** With the suffix by which bundlers for Vercel's edge runtime know that the compiled module is wanted. */
declare module "@wick/wasm/simd128.wasm?module" {
  export { default } from "@wick/wasm/simd128.wasm";
}
