// The main thread and a worker read at the same time; the worker's end does not disturb the main thread.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { endless, openEngine, readEvents } from "./read-events.mjs";

const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData: { command: endless, tellAfter: 100 } });
const reading = once(worker, "message");
let count = 0;
for await (const event of readEvents(openEngine(), { kind: "null_model", events: 400, intervalMs: 1 })) {
  if (event.kind !== "chunk") continue;
  count += 1;
  if (count === 200) {
    await reading;
    await worker.terminate();
  }
}
assert.equal(count, 400);
console.log("400 events");
