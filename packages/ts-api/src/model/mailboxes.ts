import type { Engine, EngineMemory } from "../backend.js";
import type { CancelReason } from "../generated/protocol.js";

/** The tickets of one engine and those who wait for them: turns the doorbell's rings into calls. */
export class Mailboxes {
  readonly #engine: Engine;
  readonly #keepAlive: (waiting: boolean) => void;
  readonly #waiting = new Map<number, () => void>();
  readonly #listening = new Map<number, () => void>();

  constructor(engine: Engine, keepAlive: (waiting: boolean) => void) {
    this.#engine = engine;
    this.#keepAlive = keepAlive;
  }

  /** Where models' bytes go, if the engine has no files. */
  get memory(): EngineMemory | undefined {
    return this.#engine.memory;
  }

  submit(command: string, buffers: (Uint8Array | number)[] = []): number {
    return this.#engine.submit(command, buffers);
  }

  /** Whether the engine may end by a trap: `submit` and `take` then throw. */
  get mayTrap(): boolean {
    return this.#engine.mayTrap === true;
  }

  /** The engine's only model is closed. */
  dispose(): void {
    this.#engine.dispose?.();
  }

  /** The next event's JSON. After null, {@link whenReady} may be asked. */
  take(ticket: number): string | null {
    return this.#engine.take(ticket);
  }

  /** The answer to a command that the engine answers inside `submit`; null: it has none. */
  answerNow(kind: "stats" | "trace", model: number): string | null {
    const last = this.#engine.lastAnswer?.(kind);
    if (last !== undefined) return last;
    const ticket = this.submit(`{"kind":"${kind}","model":${model}}`);
    const answer = this.take(ticket);
    if (answer === null) this.release(ticket);
    return answer;
  }

  takeVector(ticket: number): Float32Array | null {
    return this.#engine.takeVector(ticket);
  }

  cancel(ticket: number, reason: CancelReason): void {
    this.#engine.cancel(ticket, reason);
  }

  release(ticket: number): void {
    this.#stopWaiting(ticket);
    this.#engine.release(ticket);
  }

  /**
   * Calls `resume` once, when the ticket has an event; one at a time for a ticket. `take` must just have found none: that armed
   * the ticket, and the ring comes in a later turn of the event loop.
   */
  whenReady(ticket: number, resume: () => void): void {
    if (this.#waiting.size === 0) this.#keepAlive(true);
    this.#waiting.set(ticket, resume);
    void this.#engine.drive?.(ticket).then(() => this.#stopWaiting(ticket)?.());
  }

  /** The same for one who would not keep the process alive for it. */
  listen(ticket: number, resume: () => void): void {
    this.#listening.set(ticket, resume);
  }

  /** The doorbell. */
  ring(): void {
    for (const ticket of this.#engine.woken()) (this.#stopWaiting(ticket) ?? this.#stopListening(ticket))?.();
  }

  #stopListening(ticket: number): (() => void) | undefined {
    const resume = this.#listening.get(ticket);
    this.#listening.delete(ticket);
    return resume;
  }

  #stopWaiting(ticket: number): (() => void) | undefined {
    const resume = this.#waiting.get(ticket);
    if (resume !== undefined && this.#waiting.delete(ticket) && this.#waiting.size === 0) this.#keepAlive(false);
    return resume;
  }
}
