import type { CancelReason, ErrorInfo } from "../generated/protocol.js";
import type { InstanceOptions } from "./wasm-instance.js";

/** What a page says to the worker that runs its engine. Tickets are the page's own numbers. */
export type ToWorker =
  | { kind: "open"; call: number; schemaHash: string; module: WebAssembly.Module; options: InstanceOptions }
  | { kind: "file_bytes"; call: number; prefix: Uint8Array }
  | { kind: "allocate"; call: number; bytes: number }
  | { kind: "write"; call: number; buffer: number; offset: number; chunk: Uint8Array }
  | { kind: "truncate"; call: number; buffer: number; bytes: number }
  | { kind: "submit"; ticket: number; command: string; buffers: number[] }
  /** One event is wanted: answered when there is one. What nobody wants stays in the engine, which then waits. */
  | { kind: "take"; ticket: number }
  | { kind: "cancel"; ticket: number; reason: CancelReason }
  | { kind: "release"; ticket: number }
  /** What the engine says of its model is wanted. */
  | { kind: "observe" }
  | { kind: "dispose" };

/** What the worker says. */
export type FromWorker =
  | { kind: "answer"; call: number; value: number | undefined }
  | { kind: "refusal"; call: number; error: ErrorInfo }
  | { kind: "event"; ticket: number; event: string; vector: Float32Array | null }
  /** The answers to the commands `stats` and `trace`; the latter tells of each step once. */
  | { kind: "observed"; stats: string; trace: string }
  /** The instance is dead, or was never made. */
  | { kind: "broken"; error: ErrorInfo }
  /** The model is closed, and nothing is left to take. */
  | { kind: "unused" };
