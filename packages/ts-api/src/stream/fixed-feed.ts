import type { Feed } from "./feed.js";
import type { Response } from "../generated/protocol.js";

/** A run that ends at once: its terminal was known before an engine was asked. */
export class FixedFeed<R extends Response> implements Feed<R> {
  readonly #terminal: R;

  constructor(terminal: R) {
    this.#terminal = terminal;
  }

  start(): void {}

  take(): R {
    return this.#terminal;
  }

  whenReady(resume: () => void): void {
    resume();
  }

  cancel(): void {}

  release(): void {}
}
