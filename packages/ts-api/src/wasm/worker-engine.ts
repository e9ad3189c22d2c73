import type { Engine, EngineMemory } from "../backend.js";
import { WickError } from "../error/wick-error.js";
import { type CancelReason, type ErrorInfo, schemaHash } from "../generated/protocol.js";
import type { InstanceOptions } from "./wasm-instance.js";
import type { FromWorker, ToWorker } from "./worker-messages.js";

/** Steps that are kept for `trace()`, as the engine keeps them. */
const keptSteps = 256;

/**
 * An engine in a Web Worker, so that a page stays responsive. Events come one by one, as they are asked for: what a slow reader
 * does not take stays in the engine, which then waits.
 */
export class WorkerEngine implements Engine {
  readonly mayTrap = true;
  readonly memory: EngineMemory;
  readonly #worker: Worker;
  #end: ErrorInfo | undefined;
  #lastTicket = 0;
  #lastCall = 0;
  readonly #calls = new Map<number, { resolve(value: number | undefined): void; reject(error: WickError): void }>();
  readonly #events = new Map<number, { event: string; vector: Float32Array | null }>();
  /** Tickets with an event on its way. */
  readonly #asked = new Set<number>();
  readonly #woken: number[] = [];
  readonly #doorbell: () => void;
  #vector: Float32Array | null = null;
  #stats: string | undefined;
  #steps: unknown[] = [];

  private constructor(worker: Worker, doorbell: () => void) {
    this.#worker = worker;
    this.#doorbell = doorbell;
    worker.addEventListener("message", ({ data }: { data: FromWorker }) => this.#hear(data));
    const broken = (what: string) => this.#break(workerFailed(what));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      broken(event.message || "its script could not be loaded");
    });
    worker.addEventListener("messageerror", () => broken("it sent what cannot be read"));
    this.memory = {
      fileBytes: (prefix) => this.#ask((call) => ({ kind: "file_bytes", call, prefix })),
      allocate: async (bytes) => (await this.#ask((call) => ({ kind: "allocate", call, bytes }))) ?? 0,
      write: async (buffer, offset, piece) => {
        // A copy of its own, since what is sent is gone here.
        const chunk = new Uint8Array(piece);
        await this.#ask((call) => ({ kind: "write", call, buffer, offset, chunk }), [chunk.buffer]);
      },
      truncate: async (buffer, bytes) => {
        await this.#ask((call) => ({ kind: "truncate", call, buffer, bytes }));
      },
    };
  }

  /**
   * Has the worker make an instance of the module.
   *
   * @throws {@link WickError} `backend_unavailable`.
   */
  static async open(
    worker: Worker,
    module: WebAssembly.Module,
    options: InstanceOptions,
    doorbell: () => void,
  ): Promise<WorkerEngine> {
    const engine = new WorkerEngine(worker, doorbell);
    await engine.#ask((call) => ({ kind: "open", call, schemaHash, module, options }));
    return engine;
  }

  submit(command: string, buffers?: (Uint8Array | number)[] | null): number {
    this.#check();
    this.#lastTicket += 1;
    const numbers = (buffers ?? []).filter((buffer) => typeof buffer === "number");
    this.#post({ kind: "submit", ticket: this.#lastTicket, command, buffers: numbers });
    return this.#lastTicket;
  }

  take(ticket: number): string | null {
    const arrived = this.#events.get(ticket);
    if (arrived !== undefined) {
      this.#events.delete(ticket);
      this.#vector = arrived.vector;
      return arrived.event;
    }
    this.#check();
    if (!this.#asked.has(ticket)) {
      this.#asked.add(ticket);
      this.#post({ kind: "take", ticket });
    }
    return null;
  }

  takeVector(): Float32Array | null {
    const vector = this.#vector;
    this.#vector = null;
    return vector;
  }

  cancel(ticket: number, reason: CancelReason): void {
    this.#post({ kind: "cancel", ticket, reason });
  }

  release(ticket: number): void {
    this.#events.delete(ticket);
    this.#asked.delete(ticket);
    this.#post({ kind: "release", ticket });
  }

  woken(): Uint32Array {
    return Uint32Array.from(this.#woken.splice(0));
  }

  lastAnswer(kind: "stats" | "trace"): string | undefined {
    this.#check();
    this.#post({ kind: "observe" });
    if (kind === "stats") return this.#stats;
    return JSON.stringify({ kind: "result", value: this.#steps.splice(0) });
  }

  /** Compared in the worker, whose script may be of another version than the page. */
  schemaHash(): string {
    return schemaHash;
  }

  dispose(): void {
    this.#post({ kind: "dispose" });
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "answer": {
        const { call, value } = message;
        this.#calls.get(call)?.resolve(value);
        this.#calls.delete(call);
        return;
      }
      case "refusal": {
        const { call, error } = message;
        this.#calls.get(call)?.reject(new WickError(error));
        this.#calls.delete(call);
        return;
      }
      case "event": {
        const { ticket, event, vector } = message;
        // Released meanwhile.
        if (!this.#asked.delete(ticket)) return;
        this.#events.set(ticket, { event, vector });
        this.#woken.push(ticket);
        return this.#doorbell();
      }
      case "observed":
        this.#stats = message.stats;
        this.#steps = [...this.#steps, ...stepsOf(message.trace)].slice(-keptSteps);
        return;
      case "broken":
        return this.#break(message.error);
      case "unused":
        return this.#end === undefined ? this.#break(closed()) : undefined;
    }
  }

  /** The worker is of no use any more: all who wait are told. */
  #break(error: ErrorInfo): void {
    this.#end ??= error;
    this.#worker.terminate();
    for (const { reject } of this.#calls.values()) reject(new WickError(this.#end));
    this.#calls.clear();
    this.#woken.push(...this.#asked);
    this.#asked.clear();
    this.#doorbell();
  }

  #ask(message: (call: number) => ToWorker, transfer: ArrayBuffer[] = []): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#check();
      this.#lastCall += 1;
      this.#calls.set(this.#lastCall, { resolve, reject });
      this.#post(message(this.#lastCall), transfer);
    });
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (this.#end === undefined) this.#worker.postMessage(message, transfer);
  }

  #check(): void {
    if (this.#end !== undefined) throw new WickError(this.#end);
  }
}

function stepsOf(trace: string): unknown[] {
  const answer: { value?: unknown } = JSON.parse(trace);
  return Array.isArray(answer.value) ? answer.value : [];
}

function workerFailed(what: string): ErrorInfo {
  const message =
    `The Web Worker of the engine failed: ${what}. ` +
    "If your bundler moves files, pass the address of `wick/worker` as `workerUrl`.";
  return { code: "backend_unavailable", message, retryable: false };
}

function closed(): ErrorInfo {
  return { code: "engine_closed", message: "This model was closed; load it again.", retryable: false };
}
