import type { CancelReason, Response } from "../generated/protocol.js";

/** Where the responses of one run come from: an engine's mailbox, a script, a body of server-sent events. */
export interface Feed<R extends Response> {
  /** Begins the run; called once, before anything else. */
  start(): void;
  /** The next response, or null when there is none yet. Not called after the terminal. */
  take(): R | null;
  /** Calls `resume` once there may be one. Called only after `take` gave null, and not again before `resume`. */
  whenReady(resume: () => void): void;
  /** Drops what is unread; the terminal `cancelled` follows, unless a terminal was taken. */
  cancel(reason: CancelReason): void;
  /** Nobody reads any more. */
  release(): void;
}
