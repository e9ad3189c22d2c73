// Fifty workers, one after the other, are the only ones to open the addon; each reads a stream to its end and exits.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";

for (let round = 0; round < 50; round += 1) {
  const workerData = { command: { kind: "null_model", events: 40, intervalMs: 0 } };
  const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData });
  const exit = once(worker, "exit");
  assert.deepEqual(await once(worker, "message"), ["done after 40"]);
  assert.deepEqual(await exit, [0]);
}
console.log("50 workers");
