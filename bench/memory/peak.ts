import { statSync } from "node:fs";

import { runChild } from "../child.ts";
import type { Options } from "../options.ts";
import type { Figure } from "../report.ts";
import { randomModel, type FileType } from "../models.ts";

const TYPES: readonly FileType[] = ["Q4_0", "Q8_0", "Q4_K", "Q6_K"];
const module = new URL("peak.child.ts", import.meta.url);

const tokenizerModule = new URL("tokenizer.child.ts", import.meta.url);

/** Peak resident memory over file, KV and tokenizer. */
export function measurePeak({ types = TYPES }: Options): Figure[] {
  const { idle } = runChild<{ idle: number }>(module);
  return types.flatMap((type) => (["cpu", "candle"] as const).map((backend) => measure(type, backend, idle)));
}

function measure(type: FileType, backend: "cpu" | "candle", idle: number): Figure {
  const path = randomModel(type);
  const file = statSync(path).size;
  const { peak, kv } = runChild<{ peak: number; kv: number }>(module, [path, backend]);
  const { tokenizer } = runChild<{ tokenizer: number }>(tokenizerModule, [path]);
  const parts = { peak, idle, file, KV: kv, tokenizer };
  const figure: Figure = {
    name: `peak memory, Qwen3-0.6B ${type}, ${backend}, over file + KV + tokenizer`,
    value: (peak - idle) / (file + kv + tokenizer),
    unit: "×",
    note: Object.entries(parts)
      .map(([name, bytes]) => `${name} ${(bytes / 1e6).toFixed(0)} MB`)
      .join(", "),
  };
  return backend === "cpu" ? { ...figure, atMost: 1.15 } : figure;
}
