// An open engine, one ended stream and one that nobody waits for: nothing here keeps the process alive.
import { endlessPaced, openEngine, readEvents } from "./read-events.mjs";

const engine = openEngine();
for await (const _event of readEvents(engine, { kind: "null_model", events: 5, intervalMs: 0 }));
const unread = engine.submit(JSON.stringify(endlessPaced));
while (engine.take(unread) !== null);
console.log("idle");
