import type { Figure } from "../report.ts";
import { runRustExample } from "../rust-example.ts";

/** What a step of eight greedy sequences costs beside the model's forward. */
export function measureScheduler(): Figure[] {
  const value = Number(runRustExample("wick-core", "scheduler"));
  return [{ name: "8 greedy sequences, vocabulary 4,096: a step without its forward", value, unit: "µs", atMost: 100 }];
}
