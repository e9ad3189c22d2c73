import type { ErrorCode, Usage } from "wick";

/**
 * A request that has ended, its stream too. It has no field that could hold text of a prompt or an answer, nor a key.
 *
 * @example
 * ```ts
 * const slow = (entry: ServerLogEntry) => entry.event === "request_ended" && entry.durationMs > 10_000;
 * ```
 */
export interface RequestEndedEntry {
  event: "request_ended";
  /** `x-request-id` of the answer. */
  requestId: string;
  method: string;
  /** The route's pattern, `/v1/models/:model`; `none` for an address that the server does not have. */
  route: string;
  status: number;
  /** From the request to the end of its answer. */
  durationMs: number;
  /** The name of the key. */
  caller: string;
  /** The name of the model. */
  model?: string;
  /** The answer's own id: `chatcmpl-…`. */
  responseId?: string;
  /** Whether the answer was streamed. */
  isStreamed?: boolean;
  /** How a generation ended: the kind of its terminal, or that the client went away. */
  end?: string;
  /** Of what failed or was refused. */
  errorCode?: ErrorCode;
  /** Ids fed, ids sampled. */
  usage?: Usage;
  /** From the request to the first token. */
  firstTokenMs?: number;
}

/** A request that met a bug. */
export interface RequestFailedEntry {
  event: "request_failed";
  requestId: string;
  route: string;
  /** What was thrown. For the log alone: it may say more than a client should know. */
  error: unknown;
}

/** The server ends. */
export interface DrainEntry {
  event: "drain_begun" | "drain_ended";
  /** Requests that run or wait. */
  live: number;
}

/**
 * What a server tells.
 *
 * @example
 * ```ts
 * const log: ServerLog = (entry) => console.error(JSON.stringify(entry));
 * ```
 */
export type ServerLogEntry = RequestEndedEntry | RequestFailedEntry | DrainEntry;

/** Who is told. It must not throw. */
export type ServerLog = (entry: ServerLogEntry) => void;
