/**
 * The demo model: a toy of 6 million parameters that answers short questions in English, offline.
 *
 * What it is depends on the host, which this compilation does not name (`customConditions`): a path in Node, Deno and Bun, an
 * address in browsers, bytes in Workers.
 *
 * @returns A GGUF file (Q8_0, 6.3 MB), a source for `Model.load`.
 *
 * @example
 * ```ts
 * import { Model } from "wick";
 * import { demoModel } from "@wick/demo-model";
 *
 * await using model = await Model.load(demoModel());
 * ```
 */
export declare function demoModel(): string | URL | ArrayBuffer | Uint8Array;
