import type { ErrorCode, ErrorInfo } from "../generated/protocol.js";
import { WickError } from "./wick-error.js";

/** The error for something that `where` asks for and this version or backend cannot do. */
export function unsupported(where: string, message: string): WickError {
  return new WickError({ code: "unsupported", message, where, retryable: false });
}

/** The error for a request, an option or a source that is wrong at `where`. */
export function invalidRequest(where: string, message: string): WickError {
  return new WickError({ code: "invalid_request", message, where, retryable: false });
}

/** What every call of a closed model answers. */
export function engineClosed(model: string): ErrorInfo {
  return {
    code: "engine_closed",
    message: `The model ${model} was closed. Load it, or connect to it, again.`,
    retryable: false,
  };
}

const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "invalid_request",
  "unsupported",
  "unauthorized",
  "not_found",
  "too_large",
  "grammar_invalid",
  "grammar_limit",
  "context_overflow",
  "queue_full",
  "rate_limited",
]);

/** Whether an error says that a request cannot run, or not now, so that nothing was generated. */
export function isRefusal({ code }: ErrorInfo): boolean {
  return refusals.has(code);
}
