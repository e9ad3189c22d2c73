import type { WasmCore, WasmInstance } from "@wick/wasm";
import type { Engine } from "../backend.js";
import type { CancelReason, ErrorInfo } from "../generated/protocol.js";
import { WickError } from "../error/wick-error.js";
import { nextTurn } from "./next-turn.js";
import { WasmMemory } from "./wasm-memory.js";

/**
 * An instance of the module as an engine. It has no threads: each reader who waits drives it, one step in a turn of the host's
 * event loop, so that a page, a timer or another request has its turn between two tokens.
 *
 * The turns are the reader's own: in Workers a timer ends with the request that made it, and must not take along what
 * another request waits for.
 */
export class WasmEngine implements Engine {
  readonly mayTrap = true;
  readonly memory: WasmMemory;
  /** None after a trap, and when the model is closed and nothing is left to read: then the memory is the collector's. */
  #live: WasmCore | undefined;
  #end: ErrorInfo | undefined;
  #panic: string | undefined;
  #isClosing = false;
  /** Tickets that were found empty, and since have an event. */
  readonly #rung = new Set<number>();
  /** Tickets whose readers drive. */
  readonly #driven = new Set<number>();
  /** Found empty by those who do not drive, and rung for. */
  #heard: number[] = [];
  readonly #doorbell: () => void;
  #steps = 0;
  /** Those who drive, and wait since there is nothing to do. */
  readonly #idle = new Set<() => void>();

  constructor(
    { Engine: Core, memory }: WasmInstance,
    doorbell: () => void,
    { memoryLimit, testFaults }: { memoryLimit: number; testFaults: boolean },
  ) {
    this.#live = new Core(testFaults, memoryLimit);
    this.#doorbell = doorbell;
    this.memory = new WasmMemory((act) => this.#call(act), memory);
  }

  /** What the module says before a trap. */
  panicked(message: string): void {
    this.#panic = message;
  }

  submit(command: string, buffers?: (Uint8Array | number)[] | null): number {
    const placed = Uint32Array.from(buffers ?? [], (buffer) =>
      typeof buffer === "number" ? buffer : this.memory.place(buffer),
    );
    const ticket = this.#call((core) => {
      // In UTF-8, and again as it is read.
      this.memory.checkRoom(4 * command.length);
      return core.submit(command, placed) ?? refused(core);
    });
    this.#poke();
    return ticket;
  }

  take(ticket: number): string | null {
    this.#rung.delete(ticket);
    const event = this.#call((core) => core.take(ticket)) ?? null;
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
    this.#poke();
  }

  release(ticket: number): void {
    this.#rung.delete(ticket);
    this.#driven.delete(ticket);
    if (this.#live === undefined) return;
    this.#call((core) => core.release(ticket));
    this.#poke();
    this.#forgetUnused();
  }

  woken(): Uint32Array {
    return Uint32Array.from(this.#heard.splice(0));
  }

  async drive(ticket: number): Promise<void> {
    this.#driven.add(ticket);
    const waits = () => this.#driven.has(ticket) && !this.#rung.has(ticket);
    let goesOn = true;
    try {
      while (waits()) {
        if (!goesOn) await this.#activity();
        const steps = this.#steps;
        await nextTurn();
        // One step a turn, whoever takes it: else what many drive runs away from each of them.
        if (waits() && this.#steps === steps) goesOn = this.#step();
      }
    } catch (error) {
      // A trap: whoever waits is told at the next `take`.
      if (!WickError.isInstance(error)) throw error;
    } finally {
      this.#driven.delete(ticket);
    }
  }

  /** Whether its memory is given up. */
  get isUnused(): boolean {
    return this.#live === undefined;
  }

  schemaHash(): string {
    return this.#call((core) => core.schemaHash());
  }

  dispose(): void {
    this.#isClosing = true;
    this.#forgetUnused();
  }

  /** Calls the module. What it throws, but for a call from within a call, is a trap, and the end of the instance. */
  #call<T>(act: (core: WasmCore) => T): T {
    if (this.#live === undefined) throw new WickError(this.#end ?? closed());
    try {
      return act(this.#live);
    } catch (cause) {
      if (WickError.isInstance(cause)) throw cause;
      if (cause instanceof Error && cause.message.includes("recursive use of an object")) throw busy(cause);
      this.#live = undefined;
      this.#end = poisoned(this.#panic ?? String(cause));
      this.#wake();
      throw new WickError(this.#end, { cause });
    }
  }

  /** Computes what is next. True when there may be more to do at once. */
  #step(): boolean {
    this.#steps += 1;
    const { goesOn, rang } = this.#call((core) => ({ goesOn: core.step(), rang: core.rang() }));
    if (rang) this.#ring();
    return goesOn;
  }

  #ring(): void {
    for (const ticket of this.#call((core) => core.woken())) {
      if (this.#driven.has(ticket)) this.#rung.add(ticket);
      else this.#heard.push(ticket);
    }
    if (this.#rung.size > 0) this.#wake();
    if (this.#heard.length > 0) this.#doorbell();
  }

  /** Something came in: a step of its own, for what nobody waits for, and the next for those who wait. */
  #poke(): void {
    this.#wake();
    void this.#stepLater();
  }

  async #stepLater(): Promise<void> {
    await nextTurn();
    try {
      if (this.#live !== undefined) this.#step();
    } catch (error) {
      // A trap: whoever waits is told at the next `take`.
      if (!WickError.isInstance(error)) throw error;
    }
  }

  #wake(): void {
    for (const resume of this.#idle) resume();
  }

  /** Until something comes in, or a time comes that the engine waits for. */
  async #activity(): Promise<void> {
    const dueInMs = this.#call((core) => core.dueInMs());
    // Made by who waits: in Workers a promise of a request that has ended cannot be kept.
    await new Promise<void>((resolve) => {
      const timer = dueInMs === undefined ? undefined : setTimeout(() => resume(), Math.ceil(dueInMs));
      const resume = () => {
        this.#idle.delete(resume);
        clearTimeout(timer);
        resolve();
      };
      this.#idle.add(resume);
    });
  }

  #forgetUnused(): void {
    if (this.#isClosing && this.#live !== undefined && this.#call((core) => core.isUnused())) this.#live = undefined;
  }
}

function poisoned(panic: string): ErrorInfo {
  const message = "The engine broke and its instance is dead; load the model again.";
  return { code: "instance_poisoned", message, retryable: false, details: { panic } };
}

function closed(): ErrorInfo {
  return { code: "engine_closed", message: "This model was closed; load it again.", retryable: false };
}

function refused(core: WasmCore): never {
  throw new WickError(JSON.parse(core.refusal() ?? "{}"));
}

function busy(cause: Error): WickError {
  const message = "The engine was called from within a call; call it in a later turn of the event loop.";
  return new WickError({ code: "busy", message, retryable: true }, { cause });
}
