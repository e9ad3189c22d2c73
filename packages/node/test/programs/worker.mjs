// A worker that reads `workerData.command` and says so after `workerData.tellAfter` events.
import { parentPort, workerData } from "node:worker_threads";
import { openEngine, readEvents } from "./read-events.mjs";

let count = 0;
for await (const event of readEvents(openEngine(), workerData.command)) {
  count += 1;
  if (count === workerData.tellAfter) parentPort.postMessage("reading");
  if (event.kind !== "chunk") parentPort.postMessage(`${event.kind} after ${count - 1}`);
}
