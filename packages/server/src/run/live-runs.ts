import type { WickResponse } from "wick";
import { Failure } from "../error/failure.js";
import type { ServedModel } from "../model-catalog.js";
import type { Exchange } from "./exchange.js";
import { type ReadableRun, Run } from "./run.js";
import { Throughput } from "./throughput.js";

/** All generations of a server that have not ended. */
export class LiveRuns {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #live = new Set<{ cancel(): void }>();
  readonly #throughputs = new Map<string, Throughput>();
  readonly #whenIdle: (() => void)[] = [];
  #isDraining = false;

  /**
   * @param limit - How many there may be.
   * @param now - Milliseconds, monotonic.
   */
  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** How many there are. */
  get size(): number {
    return this.#live.size;
  }

  /** Whether new ones are refused. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /**
   * Begins a generation.
   *
   * @throws {Failure} `queue_full`, and `engine_closed` while the server shuts down.
   */
  begin<R extends WickResponse>(exchange: Exchange, { name }: ServedModel, stream: () => ReadableRun<R>): Run<R> {
    this.checkOpen();
    if (this.#live.size >= this.#limit) {
      throw this.overloaded(name, {
        code: "queue_full",
        message: `The server has as many requests as it may have, ${this.#limit}.`,
        retryable: true,
      });
    }
    const run = new Run(stream(), exchange, () => {
      this.#throughput(name).ended(this.#now());
      this.#live.delete(run);
      if (this.#live.size === 0) for (const tell of this.#whenIdle.splice(0)) tell();
    });
    this.#live.add(run);
    return run;
  }

  /** The refusal of a request for which there is no room: it says when there will be, from how fast the model has been. */
  overloaded(model: string, info: Failure["info"]): Failure {
    const retryAfterMs = info.retryAfterMs ?? this.#throughput(model).msFor(this.#live.size, this.#now());
    return new Failure({ ...info, retryable: true, retryAfterMs });
  }

  /**
   * @throws {Failure} while the server shuts down.
   */
  checkOpen(): void {
    if (!this.#isDraining) return;
    throw new Failure({
      code: "engine_closed",
      message: "The server is shutting down.",
      retryable: true,
      retryAfterMs: 5000,
    });
  }

  /** Refuses new ones, waits for those there are, and after `graceMs` ends them with a terminal. */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#live.size === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle.push(resolve);
    });
    const timer = setTimeout(() => {
      for (const run of this.#live) run.cancel();
    }, graceMs);
    await idle;
    clearTimeout(timer);
  }

  #throughput(model: string): Throughput {
    const known = this.#throughputs.get(model) ?? new Throughput();
    this.#throughputs.set(model, known);
    return known;
  }
}
