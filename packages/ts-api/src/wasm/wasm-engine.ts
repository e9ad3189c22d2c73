import type { WasmCore, WasmInstance } from "@wick/wasm";
import type { Engine } from "../backend.js";
import type { CancelReason, ErrorInfo } from "../generated/protocol.js";
import { WickError } from "../error/wick-error.js";
import { nextTurn } from "./next-turn.js";

/**
 * An instance of the module as an engine. It has no threads: while a reader waits, its steps run in turns of the host's event
 * loop, one step a turn, so that a page, a timer or another request has its turn between two tokens.
 */
export class WasmEngine implements Engine {
  readonly mayTrap = true;
  /** None after a trap, and when the model is closed and nothing is left to read: then the memory is the collector's. */
  #live: { core: WasmCore; memory: WebAssembly.Memory } | undefined;
  #end: ErrorInfo | undefined;
  #panic: string | undefined;
  #isClosing = false;
  /** Tickets that were found empty: someone waits for them. */
  readonly #awaited = new Set<number>();
  readonly #doorbell: () => void;
  #isScheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(instance: WasmInstance, doorbell: () => void, testFaults: boolean) {
    this.#live = { core: new instance.Engine(testFaults, 2 ** 32 - 2 ** 16), memory: instance.memory };
    this.#doorbell = doorbell;
  }

  /** What the module says before a trap. */
  panicked(message: string): void {
    this.#panic = message;
  }

  submit(command: string, buffers: readonly Uint8Array[] = []): number {
    const ticket = this.#call((core, memory) => {
      const placed = Uint32Array.from(buffers, (bytes) => place(core, memory, bytes));
      const needed = core.memoryNeeded(4 * command.length);
      if (needed > core.memoryLimit()) throw outOfMemory(needed, core.memoryLimit());
      const accepted = core.submit(command, placed);
      if (accepted === undefined) throw new WickError(JSON.parse(core.refusal() ?? "") as ErrorInfo);
      return accepted;
    });
    this.#schedule();
    return ticket;
  }

  take(ticket: number): string | null {
    const event = this.#call((core) => core.take(ticket)) ?? null;
    if (event === null) {
      this.#awaited.add(ticket);
      this.#schedule();
    }
    this.#forgetUnused();
    return event;
  }

  takeVector(ticket: number): Float32Array | null {
    const vector = this.#call((core) => core.takeVector(ticket)) ?? null;
    this.#forgetUnused();
    return vector;
  }

  cancel(ticket: number, reason: CancelReason): void {
    if (this.#live === undefined) return;
    this.#call((core) => core.cancel(ticket, reason));
    this.#schedule();
  }

  release(ticket: number): void {
    this.#awaited.delete(ticket);
    if (this.#live === undefined) return;
    this.#call((core) => core.release(ticket));
    this.#schedule();
    this.#forgetUnused();
  }

  woken(): Uint32Array {
    // After a trap all who wait are to hear of it.
    const woken = this.#live === undefined ? Uint32Array.from(this.#awaited) : this.#call((core) => core.woken());
    for (const ticket of woken) this.#awaited.delete(ticket);
    return woken;
  }

  schemaHash(): string {
    return this.#call((core) => core.schemaHash());
  }

  dispose(): void {
    this.#isClosing = true;
    this.#forgetUnused();
  }

  /** Calls the module. What it throws, but for a call from within a call, is a trap, and the end of the instance. */
  #call<T>(act: (core: WasmCore, memory: WebAssembly.Memory) => T): T {
    if (this.#live === undefined) throw new WickError(this.#end ?? closed());
    try {
      return act(this.#live.core, this.#live.memory);
    } catch (cause) {
      if (WickError.isInstance(cause)) throw cause;
      if (cause instanceof Error && cause.message.includes("recursive use of an object")) throw busy(cause);
      this.#live = undefined;
      this.#end = poisoned(this.#panic ?? String(cause));
      if (this.#awaited.size > 0) nextTurn(this.#doorbell);
      throw new WickError(this.#end, { cause });
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#live === undefined) return;
    this.#isScheduled = true;
    clearTimeout(this.#timer);
    nextTurn(() => {
      this.#isScheduled = false;
      this.#step();
    });
  }

  #step(): void {
    if (this.#live === undefined) return;
    try {
      const { goesOn, rang, dueInMs } = this.#call((core) => ({
        goesOn: core.step(),
        rang: core.rang(),
        dueInMs: core.dueInMs(),
      }));
      if (rang) this.#doorbell();
      if (this.#awaited.size === 0) return;
      if (goesOn) this.#schedule();
      else if (dueInMs !== undefined) this.#timer = setTimeout(() => this.#schedule(), Math.ceil(dueInMs));
    } catch (error) {
      // A trap: those who wait are told at their next `take`.
      if (!WickError.isInstance(error)) throw error;
    }
  }

  #forgetUnused(): void {
    if (this.#isClosing && this.#live !== undefined && this.#call((core) => core.isUnused())) this.#live = undefined;
  }
}

function place(core: WasmCore, memory: WebAssembly.Memory, bytes: Uint8Array): number {
  const buffer = core.allocate(bytes.byteLength);
  if (buffer === undefined) throw outOfMemory(core.memoryNeeded(bytes.byteLength), core.memoryLimit());
  // Made anew for each use: when the memory grows, the old one is detached.
  new Uint8Array(memory.buffer, core.address(buffer), bytes.byteLength).set(bytes);
  return buffer;
}

function outOfMemory(needed: number, limit: number): WickError {
  const message = "WebAssembly has no room for this model; choose a smaller one, or one of fewer bits.";
  return new WickError({ code: "out_of_memory", message, retryable: false, details: { needed, limit } });
}

function poisoned(panic: string): ErrorInfo {
  const message = "The engine broke and its instance is dead; load the model again.";
  return { code: "instance_poisoned", message, retryable: false, details: { panic } };
}

function closed(): ErrorInfo {
  return { code: "engine_closed", message: "This model was closed; load it again.", retryable: false };
}

function busy(cause: Error): WickError {
  const message = "The engine was called from within a call; call it in a later turn of the event loop.";
  return new WickError({ code: "busy", message, retryable: true }, { cause });
}
