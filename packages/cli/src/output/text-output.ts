import type { OutputStream } from "../environment.js";

/** Text on its way out, at the pace of who reads it. */
export class TextOutput {
  readonly stream: OutputStream;
  #isBroken = false;
  /** Those who wait for room. */
  readonly #waiting = new Set<() => void>();
  readonly #onDrain = () => this.#resume();
  readonly #onError = (error: NodeJS.ErrnoException) => this.#break(error);
  readonly #onBroken: (error: NodeJS.ErrnoException) => void;

  /** @param onBroken - Told once, when nothing can be written any more. */
  constructor(stream: OutputStream, onBroken: (error: NodeJS.ErrnoException) => void) {
    this.stream = stream;
    this.#onBroken = onBroken;
    stream.on("drain", this.#onDrain);
    stream.on("error", this.#onError);
  }

  get isTerminal(): boolean {
    return this.stream.isTTY === true;
  }

  get columns(): number {
    return positive(this.stream.columns) ?? 80;
  }

  get rows(): number {
    return positive(this.stream.rows) ?? 24;
  }

  /** Tells of other sizes of the terminal, until what is returned is called. */
  onResize(listener: () => void): () => void {
    this.stream.on("resize", listener);
    return () => this.stream.off("resize", listener);
  }

  /** Writes without waiting: for little, and for terminals. */
  write(text: string): void {
    if (!this.#isBroken && text !== "") this.stream.write(text);
  }

  /** Writes, and waits until there is room for more. Resolves also where nobody reads any more. */
  async send(text: string): Promise<void> {
    if (this.#isBroken || text === "" || this.stream.write(text)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
    });
  }

  /**
   * Leaves the stream as it was found, but for its errors: those of the last writes come when all is over, and would end the
   * process with a stack.
   */
  dispose(): void {
    this.stream.off("drain", this.#onDrain);
    this.#resume();
  }

  #break(error: NodeJS.ErrnoException): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#resume();
    this.#onBroken(error);
  }

  #resume(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Terminals that do not know their size say 0. */
function positive(size: number | undefined): number | undefined {
  return size !== undefined && size > 0 ? size : undefined;
}
