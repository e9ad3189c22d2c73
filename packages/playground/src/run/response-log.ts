import type { Kind, WickResponse } from "wick/remote";

/** One response of a run. */
export interface LoggedResponse {
  /** Counts from 1. */
  readonly number: number;
  /** Since the run began. */
  readonly atMs: number;
  readonly response: WickResponse;
}

/** So many are kept at most; the oldest go first, a block at a time. */
export const mostLogged = 20_000;
const forgottenAtOnce = 2000;

/** The responses of a run, as they came. */
export class ResponseLog {
  readonly #entries: LoggedResponse[] = [];
  readonly #counts = new Map<Kind, number>();
  #total = 0;

  add(response: WickResponse, atMs: number): void {
    this.#total += 1;
    this.#entries.push({ number: this.#total, atMs, response });
    this.#counts.set(response.kind, (this.#counts.get(response.kind) ?? 0) + 1);
    if (this.#entries.length > mostLogged) this.#entries.splice(0, forgottenAtOnce);
  }

  /** All that came, those that were forgotten too. */
  get total(): number {
    return this.#total;
  }

  get forgotten(): number {
    return this.#total - this.#entries.length;
  }

  /** How many of each kind came. */
  get counts(): ReadonlyMap<Kind, number> {
    return this.#counts;
  }

  /** Those of some kinds, or all where none is named. */
  entries(kinds: ReadonlySet<Kind>): readonly LoggedResponse[] {
    return kinds.size === 0 ? this.#entries : this.#entries.filter(({ response }) => kinds.has(response.kind));
  }

  /** A line of JSON for each. */
  ndjson(kinds: ReadonlySet<Kind>): string {
    return this.entries(kinds)
      .map(({ response }) => `${JSON.stringify(response)}\n`)
      .join("");
  }
}
