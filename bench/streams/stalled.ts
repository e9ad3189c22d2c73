import { runChild } from "../child.ts";
import { median, type Figure } from "../report.ts";

interface Stalled {
  readonly alone: readonly number[];
  readonly beside: readonly number[];
  readonly before: number;
  readonly after: number;
  /** Bytes of KV, before and after each run of the live stream. */
  readonly kv: readonly number[];
  readonly parked: number;
}

const STALLED = 100;

/** What a hundred readers who have stopped cost one who reads. */
export function measureStalled(): Figure[] {
  const module = new URL("stalled.child.ts", import.meta.url);
  const { alone, beside, before, after, kv, parked } = runChild<Stalled>(module, [String(STALLED)], ["--expose-gc"]);
  return [
    {
      name: `live stream beside ${STALLED} stalled readers, of its speed alone`,
      value: (100 * median(beside)) / median(alone),
      unit: "%",
      atLeast: 90,
      note: `${median(beside).toFixed(0)} of ${median(alone).toFixed(0)} tokens/s; medians of 5`,
    },
    {
      name: "memory of a stalled stream beside its KV",
      value: (after - before - (kv[0] ?? 0)) / STALLED / 1024,
      unit: "KiB",
      atMost: 256,
      note: `${parked} parked; resident memory, with the collector run`,
    },
    {
      name: "KV of the stalled streams while the live one runs, grown by",
      value: Math.max(...kv) - (kv[0] ?? 0),
      unit: "bytes",
      atMost: 0,
    },
  ];
}
