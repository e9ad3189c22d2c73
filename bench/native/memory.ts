import { statSync } from "node:fs";

import { runChild } from "../child.ts";
import type { Figure } from "../report.ts";
import { randomModel, type FileType } from "./models.ts";

/** Peak resident memory over file and KV; the tokenizer's share stands in the note. */
export function measureMemory(type: FileType): Figure[] {
  const module = new URL("memory.child.ts", import.meta.url);
  const path = randomModel(type);
  const file = statSync(path).size;
  const { idle } = runChild<{ idle: number }>(module);
  return (["cpu", "candle"] as const).map((backend) => {
    const { peak, kv } = runChild<{ peak: number; kv: number }>(module, [path, backend]);
    const note = `peak ${(peak / 1e6).toFixed(0)} MB, idle ${(idle / 1e6).toFixed(0)}, file ${(file / 1e6).toFixed(0)}, KV ${(kv / 1e6).toFixed(0)}`;
    const figure: Figure = { name: `peak memory, Qwen3-0.6B ${type}, ${backend}, over file + KV`, value: (peak - idle) / (file + kv), unit: "×", note };
    return backend === "cpu" ? { ...figure, atMost: 1.15 } : figure;
  });
}
