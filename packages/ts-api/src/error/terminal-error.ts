import type { CancelReason, ChatCompletion, Completion, ErrorInfo, Response } from "../generated/protocol.js";
import { WickError } from "./wick-error.js";

/** What `final()`, `text()` and `complete()` throw for a stream that ended with `terminal`, which is not a `done`. */
export function errorOfTerminal(terminal: Response, signal: AbortSignal | undefined): WickError {
  switch (terminal.kind) {
    case "validation_error":
      return new WickError(terminal.error);
    case "model_error":
    case "completion_model_error":
    case "internal_error":
      return new WickError(terminal.error, { partial: textual(terminal.partial) });
    case "cancelled": {
      const partial = textual(terminal.partial);
      const byTheSignal = terminal.reason === "signal" && signal !== undefined;
      return new WickError(
        errorOfCancel(terminal.reason),
        byTheSignal ? { partial, cause: signal.reason } : { partial },
      );
    }
    case "chunk":
    case "completion_chunk":
    case "prompt_progress":
    case "agentic_tool_call_progress":
    case "agentic_tool_approval_required":
    case "done":
    case "completion_done":
    case "embeddings":
    case "raw":
      return new WickError({
        code: "internal",
        message: `A stream ended with "${terminal.kind}". Please report this.`,
        retryable: false,
      });
  }
}

/** What a call that its signal ended throws. */
export function cancelledBy(signal: AbortSignal): WickError {
  return new WickError(errorOfCancel("signal"), { cause: signal.reason });
}

/**
 * @throws {@link WickError} `cancelled` where the signal has fired.
 */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelledBy(signal);
}

/** What a cancellation says when it is thrown. */
export function errorOfCancel(reason: CancelReason): ErrorInfo {
  switch (reason) {
    case "signal":
      return {
        code: "cancelled",
        message: "The call was cancelled by its signal.",
        retryable: false,
        details: { reason },
      };
    case "cancel":
      return {
        code: "cancelled",
        message: "The call was cancelled by the program.",
        retryable: false,
        details: { reason },
      };
    case "disconnect":
      return { code: "cancelled", message: "The client went away.", retryable: false, details: { reason } };
    case "timeout":
      return {
        code: "timeout",
        message: "The call took longer than timeoutMs. Give it more time, or ask for fewer tokens.",
        retryable: true,
        details: { reason },
      };
  }
}

function textual(partial: { object: string }): ChatCompletion | Completion | undefined {
  return isTextual(partial) ? partial : undefined;
}

function isTextual(partial: { object: string }): partial is ChatCompletion | Completion {
  return partial.object === "chat.completion" || partial.object === "text_completion";
}
