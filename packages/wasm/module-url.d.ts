/** Where a module is, beside this file or where a bundler has put it. */
export declare function moduleUrl(name: "simd128" | "relaxed-simd"): URL;
