import type { Feed } from "./feed.js";
import type { Response, ValidationErrorResponse } from "../generated/protocol.js";
import type { WickError } from "../error/wick-error.js";

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

/** The run of a request that is refused. */
export function refusedBy(error: WickError): FixedFeed<ValidationErrorResponse> {
  return new FixedFeed<ValidationErrorResponse>({ kind: "validation_error", error: error.info });
}
