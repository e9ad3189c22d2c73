import { existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { writeRandomGguf, type FileType } from "./random-model/gguf.ts";
import { writeRandomSafetensors } from "./random-model/safetensors.ts";
import { longContext, qwen3_0_6b, smolLm2_135m, type ModelShape } from "./random-model/shape.ts";

export type { FileType } from "./random-model/gguf.ts";

/** Raised when a generator changes, so that old files are not measured. */
const GENERATION = 1;

const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "wick", `random-models-${GENERATION}`);

/** The random Qwen3-0.6B of a type, made on first use and kept outside the repository. */
export const randomModel = (type: FileType): string => made(`qwen3-0.6b-${type}`, qwen3_0_6b, type);

/** The random SmolLM2-135M of a type: 77 MB in Q4_0, where its embedding is Q4_0 too. */
export const randomSmolLm = (type: FileType): string => made(`smollm2-135m-${type}`, smolLm2_135m, type);

/** A small random model with a context of 32k. */
export const randomLongContext = (): string => made("long-context-Q8_0", longContext, "Q8_0");

function made(name: string, shape: ModelShape, type: FileType): string {
  const path = join(folder, `${name}.gguf`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeRandomGguf(`${path}.part`, shape, type);
    renameSync(`${path}.part`, path);
  }
  return path;
}

/** The same model as a folder of bf16 safetensors. */
export function randomSafetensors(): string {
  const path = join(folder, "qwen3-0.6b-bf16");
  if (!existsSync(path)) {
    writeRandomSafetensors(`${path}.part`, qwen3_0_6b);
    renameSync(`${path}.part`, path);
  }
  return path;
}
