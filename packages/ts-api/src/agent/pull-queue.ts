/** Responses on their way to a reader, who says when more is wanted. */
export class PullQueue<R> {
  readonly #ready: R[] = [];
  #waiting: (() => void)[] = [];
  #resume: (() => void) | undefined;
  #isWanted = false;
  #isReleased = false;

  push(response: R): void {
    this.#ready.push(response);
    this.#isWanted = false;
    this.#wake();
  }

  take(): R | null {
    const response = this.#ready.shift();
    if (response !== undefined) return response;
    this.#isWanted = true;
    for (const goOn of this.#waiting.splice(0)) goOn();
    return null;
  }

  whenReady(resume: () => void): void {
    this.#resume = resume;
    this.#wake();
  }

  /** When the reader has taken all there is, and asks for more. */
  wanted(): Promise<void> {
    if (this.#isWanted || this.#isReleased) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Drops what is unread; nobody waits for the reader any more. */
  release(): void {
    this.#ready.length = 0;
    this.#isReleased = true;
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  #wake(): void {
    const resume = this.#resume;
    if (this.#ready.length === 0 || resume === undefined) return;
    this.#resume = undefined;
    // In its own turn: a feed must not resume its stream from within `whenReady` or `cancel`.
    queueMicrotask(resume);
  }
}
