import type { Figure } from "../report.ts";
import { runRustExample } from "../rust-example.ts";

/** What a step of eight greedy sequences costs beside the model's forward. */
export function measureScheduler(): Figure[] {
  const [alone = Number.NaN, beside = Number.NaN] = runRustExample("wick-core", "scheduler").split(" ").map(Number);
  const name = "8 greedy sequences, vocabulary 4,096: a step without its forward";
  return [
    { name, value: alone, unit: "µs", atMost: 100 },
    { name: `${name}, while a prompt of 62,000 tokens waits for blocks`, value: beside, unit: "µs", atMost: 100 },
  ];
}
