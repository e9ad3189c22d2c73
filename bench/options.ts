import { parseArgs } from "node:util";

import { shapeNamed, type FileType } from "./models.ts";
import { isFileType } from "./random-model/gguf.ts";
import { qwen3_0_6b, type ModelShape } from "./random-model/shape.ts";

/** What of a suite is measured, and how often. What is not named is as the gates want it. */
export interface Options {
  readonly parts: readonly string[];
  readonly models: readonly ModelShape[];
  readonly types?: readonly FileType[];
  readonly threads: readonly number[];
  /** Lengths of contexts or prompts. */
  readonly tokens?: readonly number[];
  readonly rounds: number;
  /** Whether the results are written to the repository. */
  readonly save: boolean;
}

export const OPTIONS_USAGE =
  "[part | Q4_0 | Q8_0 | Q4_K | Q6_K | F32 | BF16 …] [--model Qwen3-4B …] [--threads 1 …] [--tokens 128 …] [--rounds 5] [--save]";

export function parseOptions(args: readonly string[]): Options {
  const list = { type: "string", multiple: true } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      model: list,
      threads: list,
      tokens: list,
      rounds: { type: "string", default: "5" },
      save: { type: "boolean", default: false },
    },
  });
  const numbers = (texts: readonly string[]) => texts.flatMap((text) => text.split(",")).map(count);
  const types = positionals.filter(isFileType);
  return {
    parts: positionals.filter((word) => !isFileType(word)),
    models: values.model?.map(shape) ?? [qwen3_0_6b],
    ...(types.length > 0 && { types }),
    threads: numbers(values.threads ?? ["1", "2"]),
    ...(values.tokens !== undefined && { tokens: numbers(values.tokens) }),
    rounds: count(values.rounds),
    // A whole suite is what the committed results are of.
    save: values.save || args.length === 0,
  };
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${text} is no count`);
  return value;
}

function shape(name: string): ModelShape {
  const found = shapeNamed(name);
  if (found === undefined) throw new Error(`there is no model ${name}`);
  return found;
}
