// Plain JavaScript: TypeScript cannot parse imports of sources yet.
import source relaxedSimd from "./relaxed-simd.wasm";

export { relaxedSimd };
