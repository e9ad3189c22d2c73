import { availableParallelism } from "node:os";

import { runChild } from "../child.ts";
import type { Figure } from "../report.ts";
import { randomModel, type FileType } from "../models.ts";

const TYPES: readonly FileType[] = ["Q4_0", "Q8_0", "Q4_K"];

/** Tokens per second of the random Qwen3-0.6B on both backends: the better of three runs in one process. */
export function measureSpeed(): Figure[] {
  const module = new URL("speed.child.ts", import.meta.url);
  const threads = String(availableParallelism());
  return TYPES.flatMap((type) =>
    (["cpu", "candle"] as const).flatMap((backend) => {
      const { prefill, decode } = runChild<{ prefill: number; decode: number }>(module, [
        randomModel(type),
        backend,
        threads,
      ]);
      const name = `Qwen3-0.6B ${type}, ${backend}`;
      return [
        { name: `${name}: prefill of 512`, value: prefill, unit: "tokens/s", note: `${threads} threads` },
        { name: `${name}: decode`, value: decode, unit: "tokens/s", note: `${threads} threads` },
      ];
    }),
  );
}
