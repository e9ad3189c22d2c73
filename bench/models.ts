import { existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { writeRandomGguf, type FileType } from "./random-model/gguf.ts";
import { writeRandomSafetensors, type FloatType } from "./random-model/safetensors.ts";
import { llama3_2_1b, longContext, qwen3_0_6b, qwen3_4b, smolLm2_135m, type ModelShape } from "./random-model/shape.ts";

export type { FileType } from "./random-model/gguf.ts";
export type { FloatType } from "./random-model/safetensors.ts";

/** Raised when a generator changes, so that old files are not measured. */
const GENERATION = 1;

/** What the benchmarks make or install on demand, outside the repository. */
export const cacheFolder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "wick");

const folder = join(cacheFolder, `random-models-${GENERATION}`);

const shapes = [smolLm2_135m, qwen3_0_6b, llama3_2_1b, qwen3_4b];

/** The shape of a model by its name, in any case. */
export const shapeNamed = (name: string): ModelShape | undefined =>
  shapes.find((shape) => shape.name.toLowerCase() === name.toLowerCase());

/** The random twin of a model in a type, made on first use. */
export function randomGguf(shape: ModelShape, type: FileType): string {
  return made(`${shape.name.toLowerCase()}-${type}.gguf`, (path) => writeRandomGguf(path, shape, type));
}

/** The random Qwen3-0.6B of a type. */
export const randomModel = (type: FileType): string => randomGguf(qwen3_0_6b, type);

/** The random SmolLM2-135M of a type: 77 MB in Q4_0, where its embedding is Q4_0 too. */
export const randomSmolLm = (type: FileType): string => randomGguf(smolLm2_135m, type);

/** A small random model with a context of 32k. */
export const randomLongContext = (): string => randomGguf(longContext, "Q8_0");

/** The same as a folder of safetensors, for Qwen3. */
export function randomSafetensors(shape: ModelShape, type: FloatType): string {
  return made(`${shape.name.toLowerCase()}-${type.toLowerCase()}`, (path) => writeRandomSafetensors(path, shape, type));
}

/** Bytes of keys and values in f16. */
export const kvBytes = ({ layers, kvHeads, headDim }: ModelShape, tokens: number): number =>
  2 * 2 * layers * kvHeads * headDim * tokens;

function made(name: string, write: (path: string) => void): string {
  const path = join(folder, name);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    write(`${path}.part`);
    renameSync(`${path}.part`, path);
  }
  return path;
}
