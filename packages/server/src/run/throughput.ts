/** Ends that are remembered. */
const window = 32;
const leastMs = 1000;
const mostMs = 60_000;

/** How fast a model comes through its requests, by a clock that stands still while it has none. */
export class Throughput {
  /** On that clock. */
  readonly #ends: number[] = [];
  #live = 0;
  #count = 0;
  /** What the clock showed when the model last began or ended to have requests. */
  #busyMs = 0;
  #sinceMs = 0;

  /** A request has come. */
  begun(nowMs: number): void {
    this.#tick(nowMs);
    this.#live += 1;
  }

  /** A request has ended. Of one that was refused at once nothing is learnt. */
  ended(nowMs: number, isRefused = false): void {
    this.#tick(nowMs);
    this.#live -= 1;
    if (isRefused) return;
    this.#count += 1;
    this.#ends.push(this.#busyMs);
    if (this.#ends.length > window) this.#ends.shift();
  }

  /** How many have ended, ever. */
  get count(): number {
    return this.#count;
  }

  /** How many there are. */
  get live(): number {
    return this.#live;
  }

  /** How long until `waiting` requests are through, from 1 s to a minute. */
  msFor(waiting: number, nowMs: number): number {
    this.#tick(nowMs);
    const [first] = this.#ends;
    if (first === undefined || this.#ends.length < 2) return leastMs;
    // Up to now, so that a model that stands still gets slower.
    const msPerRequest = (this.#busyMs - first) / (this.#ends.length - 1);
    return Math.min(mostMs, Math.max(leastMs, Math.ceil(waiting * msPerRequest)));
  }

  #tick(nowMs: number): void {
    if (this.#live > 0) this.#busyMs += nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
  }
}
