import type { ServerResponse } from "node:http";

/** What is known of an answer on its way. */
interface Watched {
  /** Bytes that the kernel has taken. */
  taken: number;
  sinceMs: number;
}

/** How often in the time that a reader has it is looked. */
const looks = 4;

/** Cuts off clients that leave what they were sent unread, so that they hold no sequence and no memory. */
export class StalledReaders {
  readonly #patienceMs: number;
  readonly #now: () => number;
  readonly #watched = new Map<ServerResponse, Watched>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param now - Milliseconds, monotonic. */
  constructor(patienceMs: number, now: () => number) {
    this.#patienceMs = patienceMs;
    this.#now = now;
    this.#timer = setInterval(() => this.#look(), patienceMs / looks);
    this.#timer.unref();
  }

  /** Looks after an answer until it has ended. */
  watch(response: ServerResponse): void {
    this.#watched.set(response, { taken: -1, sinceMs: this.#now() });
    response.once("close", () => this.#watched.delete(response));
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#now();
    for (const [response, watched] of this.#watched) {
      const { socket } = response;
      if (socket === null) continue;
      const isWaiting = socket.writableLength > 0 || response.writableLength > 0;
      // What was handed to the kernel without what it has not taken: it grows only while the other end reads.
      const taken = socket.bytesWritten - socket.writableLength;
      if (!isWaiting || taken !== watched.taken) {
        watched.taken = taken;
        watched.sinceMs = now;
      } else if (now - watched.sinceMs >= this.#patienceMs) {
        socket.destroy();
      }
    }
  }
}
