// A reader waits for a slow stream: the process lives until its end.
import { openEngine, readEvents } from "./read-events.mjs";

let count = 0;
for await (const event of readEvents(openEngine(), { kind: "null_model", events: 20, intervalMs: 20 })) {
  if (event.kind === "chunk") count += 1;
}
console.log(`${count} events`);
