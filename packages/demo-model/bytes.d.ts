/**
 * The demo model: a toy of 6 million parameters that answers short questions in English, offline.
 *
 * @returns A GGUF file (Q8_0, 6.3 MB), a source for `Model.load`. The bundler must know `.gguf` files as data: see the README.
 *
 * @example
 * ```ts
 * import { Model } from "wick";
 * import { demoModel } from "@wick/demo-model";
 *
 * await using model = await Model.load(demoModel());
 * ```
 */
export declare function demoModel(): ArrayBuffer | Uint8Array;
