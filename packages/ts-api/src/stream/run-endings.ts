import type { Accumulator } from "../response/accumulator.js";
import type { CancelReason, ErrorInfo, Response } from "../generated/protocol.js";

/** The terminals of a run that is read from a network, out of what was delivered by then. */
export class RunEndings {
  readonly #delivered: Accumulator;
  /** What the run answers with. */
  kind: "chat" | "completion";

  constructor(delivered: Accumulator, kind: "chat" | "completion") {
    this.#delivered = delivered;
    this.kind = kind;
  }

  /** Every choice has ended. */
  done(): Response {
    return this.kind === "chat"
      ? { kind: "done", completion: this.#delivered.chat("stop") }
      : { kind: "completion_done", completion: this.#delivered.completion("stop") };
  }

  refused(error: ErrorInfo): Response {
    return { kind: "validation_error", error };
  }

  modelFailed(error: ErrorInfo): Response {
    return this.kind === "chat"
      ? { kind: "model_error", error, partial: this.#delivered.chat("error") }
      : { kind: "completion_model_error", error, partial: this.#delivered.completion("error") };
  }

  failed(error: ErrorInfo): Response {
    return this.kind === "chat"
      ? { kind: "internal_error", error, partial: this.#delivered.chat("error") }
      : { kind: "internal_error", error, partial: this.#delivered.completion("error") };
  }

  cancelled(reason: CancelReason): Response {
    return this.kind === "chat"
      ? { kind: "cancelled", reason, partial: this.#delivered.chat("cancelled") }
      : { kind: "cancelled", reason, partial: this.#delivered.completion("cancelled") };
  }
}
