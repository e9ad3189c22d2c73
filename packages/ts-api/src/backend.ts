import type { CancelReason } from "./generated/protocol.js";
import type { ModelSource } from "./model/load-options.js";
import type { ModelInfo } from "./model/model-info.js";

/**
 * One runtime of the engine, seen from one JavaScript environment. Commands and events are JSON; what goes wrong is an event.
 *
 * A command gets a ticket. Its events lie ready until they are taken; the last of them ends the ticket.
 */
export interface Engine {
  /** Whether it may end by a trap: `submit` and `take` then throw a {@link WickError}, and all who wait are woken. */
  readonly mayTrap?: boolean;
  /** Hands in a command with its byte buffers, and answers with its ticket. */
  submit(command: string, buffers?: Uint8Array[]): number;
  /** The next event, never waiting. Null: none yet, and the doorbell rings once there is one; or the ticket has ended. */
  take(ticket: number): string | null;
  /** The vector that came with the event just taken, once. */
  takeVector(ticket: number): Float32Array | null;
  /** Ends the work of a ticket; its last event is still to be taken. */
  cancel(ticket: number, reason: CancelReason): void;
  /** Nobody reads the ticket any more: ends its work and forgets it. */
  release(ticket: number): void;
  /** The tickets that the doorbell rang for. To be asked at every ring. */
  woken(): Uint32Array;
  /** Its model is closed: it is to give its memory back once nothing is left to take. */
  dispose?(): void;
  /** Names the generated types that this runtime speaks. */
  schemaHash(): string;
}

/** What an entry of the package builds `Model` from. Importing one opens nothing. */
export interface Backend {
  /** What `info.backend` says. */
  readonly kind: ModelInfo["backend"];
  /** Whether each model has an engine of its own. */
  readonly isolatesModels?: boolean;
  /**
   * Opens the runtime: at the first load, or at every load where it isolates models.
   *
   * @throws {@link WickError} `backend_unavailable`.
   */
  open(doorbell: () => void): Promise<Engine>;
  /** Called with true when a first reader waits, with false when none does any more: a waiting program must not exit. */
  keepAlive(waiting: boolean): void;
  /** Reads a path's file or folder, where the engine has no files. */
  readSource?(path: string): Promise<ModelSource>;
  /** The path that a file URL, or a string beginning with `~`, stands for. */
  resolvePath(source: string | URL): string;
}
