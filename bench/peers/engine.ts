/** What is measured: an engine in a process of its own, with one model loaded. All times are of the engine's own work in milliseconds. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  /** How long the load took. */
  readonly loadMs: number;
  /** Computes a prompt of so many tokens, one that it has not seen. */
  prefill(tokens: number): Promise<number>;
  /** Goes on from `context` tokens, which it may keep from call to call, by `tokens` in each of `sequences`. */
  decode(context: number, tokens: number, sequences?: number): Promise<number>;
}

export interface EngineOptions {
  readonly path: string;
  readonly threads: number;
  /** Tokens that a sequence can have. */
  readonly contextLength: number;
  /** Sequences computed together; 1. */
  readonly sequences?: number;
}
