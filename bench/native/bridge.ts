import { runChild } from "../child.ts";
import { median, percentile, type Figure } from "../report.ts";
import { runRustExample } from "../rust-example.ts";

interface Bridge {
  readonly seconds: number;
  readonly latencies: readonly number[];
}

const EVENTS = 1_000_000;
const PACED_EVENTS = 5_000;

/** Seconds of the same loop in Rust, stepping and taking in turn: what is left is threads, wake-ups, napi and JSON.parse. */
const rustLoop = (events: number) => Number(runRustExample("wick-node", "null_model", [String(events)]));

export function measureBridge(): Figure[] {
  const module = new URL("bridge.child.ts", import.meta.url);
  const costs = Array.from({ length: 3 }, () => {
    const inRust = rustLoop(EVENTS);
    const inNode = runChild<Bridge>(module, ["burst", String(EVENTS)]).seconds;
    return { inRust, inNode, perEvent: ((inNode - inRust) / EVENTS) * 1e6 };
  });
  const { latencies } = runChild<Bridge>(module, ["paced", String(PACED_EVENTS)]);
  const loops = `JavaScript ${median(costs.map((cost) => cost.inNode)).toFixed(2)} s, Rust ${median(costs.map((cost) => cost.inRust)).toFixed(2)} s for 10^6; median of 3`;
  return [
    {
      name: "bridge, null model: per event",
      value: median(costs.map((cost) => cost.perEvent)),
      unit: "µs",
      atMost: 20,
      note: loops,
    },
    { name: "bridge, one event per ms: wake-up, median", value: percentile(latencies, 0.5), unit: "µs", atMost: 60 },
    { name: "bridge, one event per ms: wake-up, 99th percentile", value: percentile(latencies, 0.99), unit: "µs" },
  ];
}
