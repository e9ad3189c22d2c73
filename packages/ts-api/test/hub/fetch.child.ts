// Fetches a model of the hub, and says on each line how far it is.

import { hubName } from "../../dist/hub/hub-name.js";
import { hubSource } from "../../dist/hub/hub.js";

const [, , endpoint = "", cacheDir = ""] = process.argv;
const onProgress = (progress: { kind: string; loadedBytes: number }) => console.log(progress.loadedBytes);
await hubSource(hubName("wick/big"), { hub: { endpoint, cacheDir }, onProgress });
console.log("whole");
