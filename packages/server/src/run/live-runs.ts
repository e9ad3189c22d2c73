import type { ErrorInfo, WickResponse } from "wick";
import { Failure } from "../error/failure.js";
import type { ServedModel } from "../model-catalog.js";
import type { Exchange } from "./exchange.js";
import { type ReadableRun, Run } from "./run.js";
import { Throughput } from "./throughput.js";

/** How long a reader may take to read the terminal of a stream that has been ended. */
const patienceMs = 1000;

/** All generations of a server that have not ended. */
export class LiveRuns {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #onFailure: (model: string, error: ErrorInfo) => void;
  readonly #live = new Set<{ cancel(): void; leave(): Promise<void> }>();
  readonly #throughputs = new Map<string, Throughput>();
  readonly #whenIdle: (() => void)[] = [];
  /** Models that had no room for the last request, and of which none has ended since: they need not be asked. */
  readonly #full = new Map<string, Failure["info"]>();
  #isDraining = false;

  /**
   * @param limit - How many there may be.
   * @param now - Milliseconds, monotonic.
   * @param onFailure - Called with what a model ends a request with.
   */
  constructor(limit: number, now: () => number, onFailure: (model: string, error: ErrorInfo) => void) {
    this.#limit = limit;
    this.#now = now;
    this.#onFailure = onFailure;
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
    this.checkRoom([name]);
    if (this.#live.size >= this.#limit) {
      throw this.#refusal(name, {
        code: "queue_full",
        message: `The server has as many requests as it may have, ${this.#limit}.`,
        retryable: true,
      });
    }
    const throughput = this.#throughput(name);
    const onEnd = () => {
      throughput.ended(this.#now(), run.isRefused);
      // Whoever was refused had no place to leave.
      if (!run.isRefused) this.#full.delete(name);
      this.#live.delete(run);
      if (this.#live.size === 0) for (const tell of this.#whenIdle.splice(0)) tell();
    };
    const run = new Run(stream(), {
      exchange,
      endedBefore: throughput.count,
      onEnd,
      onFailure: (error) => this.#onFailure(name, error),
    });
    throughput.begun(this.#now());
    this.#live.add(run);
    // Whoever dropped its answer without a word reads no terminal.
    const leave = () => setTimeout(() => void (this.#live.has(run) && run.leave()), patienceMs);
    exchange.signal?.addEventListener("abort", leave, { once: true });
    run.onEnd(() => exchange.signal?.removeEventListener("abort", leave));
    return run;
  }

  /**
   * The refusal of a request for which a model had no room: it says when there will be, from how fast the model has been. Until one
   * of its requests has ended, the next are refused without asking it.
   */
  overloaded(model: string, info: Failure["info"], { endedBefore }: { endedBefore: number }): Failure {
    const { live, count } = this.#throughput(model);
    // Who holds a place is seen to leave it, if it is of this server; one may have left while this refusal was on its way.
    if (live > 0 && count === endedBefore) this.#full.set(model, info);
    return this.#refusal(model, info);
  }

  /**
   * @throws {Failure} where none of these models has room, as far as is known.
   */
  checkRoom(models: readonly string[]): void {
    const [first] = models;
    const info = first === undefined ? undefined : this.#full.get(first);
    if (first === undefined || info === undefined || !models.every((name) => this.#full.has(name))) return;
    throw this.#refusal(first, info);
  }

  #refusal(model: string, info: Failure["info"]): Failure {
    const throughput = this.#throughput(model);
    const retryAfterMs = info.retryAfterMs ?? throughput.msFor(throughput.live, this.#now());
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
    const timers = [
      setTimeout(() => {
        for (const run of this.#live) run.cancel();
      }, graceMs),
      // A terminal that nobody reads is not waited for.
      setTimeout(() => {
        for (const run of this.#live) void run.leave();
      }, graceMs + patienceMs),
    ];
    await idle;
    for (const timer of timers) clearTimeout(timer);
  }

  #throughput(model: string): Throughput {
    const known = this.#throughputs.get(model) ?? new Throughput();
    this.#throughputs.set(model, known);
    return known;
  }
}
