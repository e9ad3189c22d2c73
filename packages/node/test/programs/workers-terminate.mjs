// Fifty workers are terminated while they read an endless stream, each at another moment, two at a time.
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { endless, endlessPaced } from "./read-events.mjs";

for (let round = 0; round < 25; round += 1) {
  await Promise.all(
    [endless, endlessPaced].map(async (command) => {
      const workerData = { command, tellAfter: 1 + round };
      const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData });
      await once(worker, "message");
      await setTimeout(round % 5);
      await worker.terminate();
    }),
  );
}
console.log("50 workers");
