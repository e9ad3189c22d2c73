// Loads, asks and closes the demo model again and again, each time in an instance of its own.

import { demoModel } from "@wick/demo-model";
import { Model } from "wick/wasm";
import { firstToken } from "./first-token.ts";

const [cycles = 0, ...marks] = process.argv.slice(2).map(Number);

/** After the collector: what is left is held by someone, or kept by the allocator. */
async function resident(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage.rss();
}

const figures: Record<number, number> = {};
for (let cycle = 0; cycle <= cycles; cycle += 1) {
  if (marks.includes(cycle)) figures[cycle] = await resident();
  const model = await firstToken(Model, demoModel());
  await model.close();
}
console.log(JSON.stringify(figures));
