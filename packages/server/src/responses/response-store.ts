import type { Message } from "wick";
import { type Failure, notFound } from "../error/failure.js";
import type { InputItem } from "./input.js";
import type { ResponseWriter } from "./response-writer.js";

/** A response that can be retrieved, gone on from, and cancelled. */
export interface StoredResponse {
  writer: ResponseWriter;
  /** The name of the key that asked for it: no other sees it. */
  caller: string;
  /** The conversation up to it. */
  messages: readonly Message[];
  input: string | readonly InputItem[];
  /** Ends its run, if it still has one. */
  cancel(): void;
}

/** Responses in memory: so many, and for so long. */
export class ResponseStore {
  readonly #most: number;
  readonly #keepMs: number;
  readonly #now: () => number;
  /** In the order in which they came. */
  readonly #stored = new Map<string, StoredResponse & { untilMs: number }>();

  /** @param now - Milliseconds, monotonic. */
  constructor(most: number, keepMs: number, now: () => number) {
    this.#most = most;
    this.#keepMs = keepMs;
    this.#now = now;
  }

  /** Keeps one; the oldest that has ended makes room. */
  add(stored: StoredResponse): void {
    this.#stored.set(stored.writer.response.id, { ...stored, untilMs: this.#now() + this.#keepMs });
    this.#forget();
  }

  /**
   * The response of a caller.
   *
   * @param where - The field that names it.
   * @throws {Failure} `not_found`, for those of others too.
   */
  find(id: string, caller: string, where: string): StoredResponse {
    this.#forget();
    const stored = this.#stored.get(id);
    if (stored === undefined || stored.caller !== caller) throw unknown(where);
    return stored;
  }

  /** Keeps it no longer. */
  delete(id: string): void {
    this.#stored.delete(id);
  }

  #forget(): void {
    const now = this.#now();
    for (const [id, { untilMs, writer }] of this.#stored) {
      const isOver = untilMs <= now || this.#stored.size > this.#most;
      if (isOver && !writer.isLive) this.#stored.delete(id);
      else if (!isOver) return;
    }
  }
}

function unknown(where: string): Failure {
  return notFound("There is no such response, or no longer: they are kept for a while only.", where);
}
