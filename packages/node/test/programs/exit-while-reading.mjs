// Ends in the way named by the argument while an endless stream is read.
import { endless, openEngine, readEvents } from "./read-events.mjs";

const [way, after] = [process.argv[2], Number(process.argv[3])];
let count = 0;
for await (const _event of readEvents(openEngine(), endless)) {
  count += 1;
  if (count < after) continue;
  if (way === "exit") process.exit(7);
  if (way === "throw") throw new Error("thrown on purpose");
  if (way === "signal") process.kill(process.pid, "SIGTERM");
}
