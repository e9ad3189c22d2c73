/** Ends that are remembered. */
const window = 32;
const leastMs = 1000;
const mostMs = 60_000;

/** How fast a model comes through its requests, from when the last ones ended. */
export class Throughput {
  readonly #ends: number[] = [];

  /** A request has ended. */
  ended(nowMs: number): void {
    this.#ends.push(nowMs);
    if (this.#ends.length > window) this.#ends.shift();
  }

  /** How long until `waiting` requests are through, from 1 s to a minute. */
  msFor(waiting: number, nowMs: number): number {
    const [first] = this.#ends;
    if (first === undefined || this.#ends.length < 2) return leastMs;
    // Up to now, so that a model that stands still gets slower.
    const msPerRequest = (nowMs - first) / (this.#ends.length - 1);
    return Math.min(mostMs, Math.max(leastMs, Math.ceil(waiting * msPerRequest)));
  }
}
