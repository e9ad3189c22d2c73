import { kvBytes, randomGguf, type FileType } from "./models.ts";
import type { Options } from "./options.ts";
import { weightBytes } from "./random-model/gguf.ts";
import type { ModelShape } from "./random-model/shape.ts";

/** A model file and how many threads compute it. */
export interface Subject {
  readonly shape: ModelShape;
  readonly type: FileType;
  readonly threads: number;
}

export const QUANTIZED: readonly FileType[] = ["Q4_0", "Q8_0", "Q4_K", "Q6_K"];

export const subjects = ({ models, types, threads }: Options, defaults = QUANTIZED): Subject[] =>
  models.flatMap((shape) =>
    (types ?? defaults).flatMap((type) => threads.map((count) => ({ shape, type, threads: count }))),
  );

export const pathOf = ({ shape, type }: Subject): string => randomGguf(shape, type);

/** Bytes read for a token after `context` others: all weights, and keys and values. */
export const bytesOfToken = ({ shape, type }: Subject, context: number): number =>
  weightBytes(shape, type) + kvBytes(shape, context);
