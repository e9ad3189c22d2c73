import type { CancelReason } from "./generated/protocol.js";
import type {
  CachedModel,
  HubModelName,
  HubOptions,
  PullOptions,
  PulledModel,
  RemovedModel,
} from "./model/hub-models.js";
import type { LoadOptions } from "./model/load-options.js";
import type { ModelInfo } from "./model/model-info.js";
import type { HubName } from "./hub/hub-name.js";
import type { Source, SourceHost } from "./source/source.js";

/** What an engine here gives at once, and one in a worker later. */
type Awaitable<T> = T | Promise<T>;

/**
 * The memory of an engine that has no files: a model's bytes are written to where they stay. Its methods throw, or reject with,
 * a {@link WickError}: `out_of_memory` with `needed` and `limit` where there is no room.
 */
export interface EngineMemory {
  /** The size of the GGUF file that begins with `prefix`; undefined where more of it must be known. */
  fileBytes(prefix: Uint8Array): Awaitable<number | undefined>;
  /** Room for so many bytes: the number of a buffer. */
  allocate(bytes: number): Awaitable<number>;
  write(buffer: number, offset: number, chunk: Uint8Array): Awaitable<void>;
  /** Gives up what is beyond so many bytes. */
  truncate(buffer: number, bytes: number): Awaitable<void>;
}

/**
 * One runtime of the engine, seen from one JavaScript environment. Commands and events are JSON; what goes wrong is an event.
 *
 * A command gets a ticket. Its events lie ready until they are taken; the last of them ends the ticket.
 */
export interface Engine {
  /** Whether it may end by a trap: `submit` and `take` then throw a {@link WickError}, and all who wait are woken. */
  readonly mayTrap?: boolean;
  /** Where it has no files: where models' bytes go. */
  readonly memory?: EngineMemory;
  /** Hands in a command with its byte buffers, or their numbers in its `memory`, and answers with its ticket. */
  submit(command: string, buffers?: (Uint8Array | number)[] | null): number;
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
  /**
   * Where it has no thread: works, in turns of whoever calls, until the ticket, which was found empty, has an event or is
   * released. The doorbell does not ring for it.
   */
  drive?(ticket: number): Promise<void>;
  /** Where it is in a worker: what it last said to the commands that others answer inside `submit`. */
  lastAnswer?(kind: "stats" | "trace"): string | undefined;
  /** Its model is closed: it is to give its memory back once nothing is left to take. */
  dispose?(): void;
  /** Names the generated types that this runtime speaks. */
  schemaHash(): string;
}

/** An option of a load that says where the engine, or the model, is. */
export type PlaceOption = "worker" | "workerUrl" | "wasmUrl" | "browserCache";

/** What can be done with the hub's cache. Its calls throw a {@link WickError} with what to do. */
export interface HubCacheCalls {
  list(hub: HubOptions | undefined): Promise<readonly CachedModel[]>;
  pull(name: HubName, options: PullOptions): Promise<PulledModel>;
  remove(name: HubModelName, hub: HubOptions | undefined): Promise<RemovedModel>;
}

/** What an entry of the package builds `Model` from. Importing one opens nothing. */
export interface Backend extends SourceHost {
  /** What `info.backend` says. */
  readonly kind: ModelInfo["backend"];
  /** Whether each model has an engine of its own. */
  readonly isolatesModels?: boolean;
  /**
   * Opens the runtime: at the first load, or at every load where it isolates models.
   *
   * @throws {@link WickError} `backend_unavailable`.
   */
  open(doorbell: () => void, options: LoadOptions): Promise<Engine>;
  /** Called with true when a first reader waits, with false when none does any more: a waiting program must not exit. */
  keepAlive(waiting: boolean): void;
  /** The options of places that it honours; others are `unsupported`. */
  readonly placeOptions?: readonly PlaceOption[];
  /** Models of the hub, where they are kept as files. */
  readonly hubCache?: HubCacheCalls;
  /** The files of a path, where the engine has none itself. */
  filesOf?(path: string, options: LoadOptions): Promise<Source>;
}
