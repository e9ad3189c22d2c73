// Fetches a model of the hub, and says on each line how far it is.

import { hubName } from "../../dist/hub/hub-name.js";
import { hubSource } from "../../dist/hub/hub.js";

const [, , endpoint = "", cacheDir = "", who = ""] = process.argv;
// Root may write anywhere; as nobody, modes count. Done here, so that the program itself can be read wherever it lies.
if (who === "nobody" && process.geteuid?.() === 0) process.seteuid?.(65_534);
const onProgress = (progress: { kind: string; loadedBytes: number }) => console.log(progress.loadedBytes);
await hubSource(hubName("wick/big"), { hub: { endpoint, cacheDir }, onProgress });
console.log("whole");
