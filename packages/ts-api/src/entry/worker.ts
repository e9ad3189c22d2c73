// The script of the Web Worker that `Model.load(…, { worker: true })` starts: runs the engine of one model for its page.

import { WorkerHost, type WorkerPort } from "../wasm/worker-host.js";

// Node's types, with which Wick is compiled, do not know a worker's own end of its line.
WorkerHost.serve(globalThis as unknown as WorkerPort);
