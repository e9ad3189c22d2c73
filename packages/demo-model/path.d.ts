/**
 * Where the demo model is: a toy of 6 million parameters that answers short questions in English, offline.
 *
 * @returns The path of a GGUF file (Q8_0, 6.3 MB), a source for `Model.load`.
 *
 * @example
 * ```ts
 * import { Model } from "wick";
 * import { demoModel } from "@wick/demo-model";
 *
 * await using model = await Model.load(demoModel());
 * ```
 */
export declare function demoModel(): string;
