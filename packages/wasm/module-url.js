// Bundlers look for `new URL("…", import.meta.url)` as it stands here: what they find they copy, and its address they put in.

export function moduleUrl(name) {
  switch (name) {
    case "simd128":
      return new URL("./simd128.wasm", import.meta.url);
    case "relaxed-simd":
      return new URL("./relaxed-simd.wasm", import.meta.url);
  }
}
