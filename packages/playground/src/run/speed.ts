/** Over so long the speed is measured. */
const windowMs = 3000;
/** Before, a speed would be chance. */
const shortestMs = 250;

/** How fast tokens come, while they come. */
export class Speed {
  /** When each of the last ones came, and how many with it. */
  readonly #arrivals: { at: number; tokens: number }[] = [];
  #from = 0;
  #first: number | undefined;
  #within = 0;

  /** Counts tokens that came at `now`. */
  add(tokens: number, now: number): void {
    this.#first ??= now;
    this.#arrivals.push({ at: now, tokens });
    this.#within += tokens;
    this.#forget(now);
  }

  /** Tokens per second; nothing before there are enough of them. */
  at(now: number): number | undefined {
    if (this.#first === undefined) return undefined;
    this.#forget(now);
    const ms = Math.min(windowMs, now - this.#first);
    return ms < shortestMs ? undefined : (1000 * this.#within) / ms;
  }

  #forget(now: number): void {
    for (let first = this.#arrivals[this.#from]; first !== undefined; first = this.#arrivals[this.#from]) {
      if (now - first.at <= windowMs) break;
      this.#within -= first.tokens;
      this.#from += 1;
    }
    if (this.#from < 1024) return;
    this.#arrivals.splice(0, this.#from);
    this.#from = 0;
  }
}
