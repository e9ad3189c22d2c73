import { statSync } from "node:fs";

import { runChild } from "../child.ts";
import type { Figure } from "../report.ts";
import { randomModel, type FileType } from "./models.ts";

const module = new URL("memory.child.ts", import.meta.url);

/** Peak resident memory over file and KV; the tokenizer's share stands in the note. */
export function measureMemory(types: readonly FileType[] = ["Q8_0", "Q4_K"]): Figure[] {
  const { idle } = runChild<{ idle: number }>(module);
  return types.flatMap((type) => (["cpu", "candle"] as const).map((backend) => measure(type, backend, idle)));
}

function measure(type: FileType, backend: "cpu" | "candle", idle: number): Figure {
  const path = randomModel(type);
  const file = statSync(path).size;
  const { peak, kv } = runChild<{ peak: number; kv: number }>(module, [path, backend]);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const note = `peak ${megabytes(peak)}, idle ${megabytes(idle)}, file ${megabytes(file)}, KV ${megabytes(kv)}`;
  const figure: Figure = {
    name: `peak memory, Qwen3-0.6B ${type}, ${backend}, over file + KV`,
    value: (peak - idle) / (file + kv),
    unit: "×",
    note,
  };
  return backend === "cpu" ? { ...figure, atMost: 1.15 } : figure;
}
