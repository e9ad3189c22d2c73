import { Failure } from "../error/failure.js";

/** What one caller has left. */
interface Bucket {
  requests: number;
  /** When that was counted. */
  atMs: number;
}

/** Callers that are remembered at once. */
const mostCallers = 10_000;

/**
 * How often each caller may ask: a bucket of tokens that fills evenly, a minute's worth deep. Written here because it must run in
 * Workers, where the libraries' timers may not.
 */
export class RequestRate {
  readonly #perMinute: number | undefined;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now - Milliseconds, monotonic. */
  constructor(perMinute: number | undefined, now: () => number) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /**
   * Counts a request.
   *
   * @throws {Failure} `rate_limited`, with when the next one may come.
   */
  take(caller: string): void {
    if (this.#perMinute === undefined) return;
    const now = this.#now();
    const perMs = this.#perMinute / 60_000;
    const bucket = this.#buckets.get(caller) ?? { requests: this.#perMinute, atMs: now };
    bucket.requests = Math.min(this.#perMinute, bucket.requests + (now - bucket.atMs) * perMs);
    bucket.atMs = now;
    // Set anew, so that the first in the map is who asked longest ago.
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > mostCallers) this.#forgetOldest();
    if (bucket.requests < 1) {
      throw new Failure({
        code: "rate_limited",
        message: `This key may ask ${this.#perMinute} times a minute.`,
        retryable: true,
        retryAfterMs: (1 - bucket.requests) / perMs,
      });
    }
    bucket.requests -= 1;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
