import { runChild } from "../child.ts";
import { median, percentile, type Figure } from "../report.ts";

interface Cancels {
  readonly decodeStep: number;
  readonly chunkStep: number;
  readonly decoding: readonly number[];
  readonly prefill: readonly number[];
  readonly parked: readonly number[];
  readonly queued: readonly number[];
  readonly before: { readonly rss: number; readonly heap: number };
  readonly after: { readonly rss: number; readonly heap: number };
  readonly kvBytesUsed: number;
  readonly left: number;
}

const CANCELS = 10_000;

/** From `abort()` to slot and blocks free. */
export function measureCancel(): Figure[] {
  const measured = runChild<Cancels>(new URL("cancel.child.ts", import.meta.url), [String(CANCELS)], ["--expose-gc"]);
  const { decodeStep, chunkStep, before, after, kvBytesUsed, left } = measured;
  const figure = (state: "decoding" | "prefill" | "parked" | "queued", step: number): Figure => ({
    name: `cancel while ${state}: until free, 99th percentile`,
    value: percentile(measured[state], 0.99),
    unit: "ms",
    atMost: step + 5,
    note: `median ${median(measured[state]).toFixed(2)} ms; a step takes ${step.toFixed(2)} ms`,
  });
  return [
    figure("queued", decodeStep),
    figure("prefill", chunkStep),
    figure("decoding", decodeStep),
    figure("parked", decodeStep),
    { name: `after ${CANCELS} cancels: KV bytes and requests left`, value: kvBytesUsed + left, unit: "", atMost: 0 },
    {
      name: `after ${CANCELS} cancels: heap of JavaScript, with what it holds outside, grown by`,
      value: (after.heap - before.heap) / 1e6,
      unit: "MB",
      atMost: 1,
      // The collector's and the allocator's own room: it grows in leaps for some ten thousand streams, then no more.
      note: `resident memory by ${((after.rss - before.rss) / 1e6).toFixed(0)} MB`,
    },
  ];
}
