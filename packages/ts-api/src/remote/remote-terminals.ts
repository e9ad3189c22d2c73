import type { Response } from "../generated/protocol.js";
import { ResponseQueue } from "../stream/response-queue.js";
import { RunEndings } from "../stream/run-endings.js";
import type { LiveStreamInit } from "../stream/live-stream.js";

/** Terminals of runs that end before their host was asked. What it would have counted is not known. */
export function remoteTerminals<R extends Response>(
  model: string,
  kind: "chat" | "completion",
): LiveStreamInit<R>["terminals"] {
  const endings = () => new RunEndings(new ResponseQueue(model).delivered, kind);
  // The kinds that a run of this kind ends with are among those of `R`.
  return {
    cancelled: (reason) => endings().cancelled(reason) as R,
    failed: (error) => endings().failed(error) as R,
  };
}
