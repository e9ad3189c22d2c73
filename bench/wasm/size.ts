import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Figure } from "../report.ts";

/** What a host loads of each module, and what travels. */
export function measureSize(): Figure[] {
  return ["simd128", "relaxed-simd"].flatMap((name) => {
    const module = readFileSync(fileURLToPath(import.meta.resolve(`@wick/wasm/${name}.wasm`)));
    const travels = gzipSync(module, { level: 9 }).length;
    return [
      { name: `${name}.wasm`, value: module.length / 1e6, unit: "MB" },
      { name: `${name}.wasm, gzipped`, value: travels / 1e6, unit: "MB", atMost: 2 },
    ];
  });
}
