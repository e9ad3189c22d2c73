/** Pieces large enough that there are few, small enough that some more are no matter for memory. */
export const pieceBytes: number = 8 * 1024 * 1024;

/**
 * Cuts what passes into pieces of one size, kept by whoever reads {@link PieceCutter.pieces} in their own time: while one piece
 * is kept another fills, and when that and the next wait, so does what passes.
 */
export class PieceCutter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly pieces: ReadableStream<Uint8Array>;
  #piece: Uint8Array | undefined;
  #filled = 0;
  /** Whoever keeps the pieces has left: nothing is cut any more. */
  #isLeft = false;
  #isEnded = false;

  constructor() {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 2 });
    this.pieces = readable;
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {
      this.#isLeft = true;
      this.#piece = undefined;
    });
  }

  async write(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.byteLength > 0 && !this.#isLeft) {
      this.#piece ??= new Uint8Array(pieceBytes);
      const part = rest.subarray(0, pieceBytes - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.byteLength;
      rest = rest.subarray(part.byteLength);
      if (this.#filled === pieceBytes) await this.#pass();
    }
  }

  /** All has passed. */
  async end(): Promise<void> {
    this.#isEnded = true;
    if (this.#filled > 0) await this.#pass();
    await this.#writer.close().catch(() => {});
  }

  /** The rest does not come, if it did not: there is nothing to keep. */
  giveUp(): void {
    if (!this.#isEnded) this.#writer.abort().catch(() => {});
  }

  async #pass(): Promise<void> {
    const piece = this.#piece?.subarray(0, this.#filled);
    this.#piece = undefined;
    this.#filled = 0;
    if (piece === undefined) return;
    // Whoever has left is noticed by `closed`.
    this.#writer.write(piece).catch(() => {});
    await this.#writer.ready.catch(() => {});
  }
}
