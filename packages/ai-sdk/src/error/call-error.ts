import type { WickError } from "wick";
import { isSdkError, markAsSdkError } from "./sdk-error.js";

/** Which model a call went to. */
export interface CalledModel {
  provider: string;
  modelId: string;
}

/**
 * What a failed call throws, or says in an `error` part: Wick's own error, which the SDK knows as well. `unsupported` is an
 * `UnsupportedFunctionalityError`, all else an `APICallError`, whose `isRetryable` decides whether the SDK asks again, after
 * `retryAfterMs` where Wick says it. What is not Wick's stays as it is.
 */
export function callError(error: unknown, { provider, modelId }: CalledModel): unknown {
  if (!isWickError(error) || isSdkError(error)) return error;
  const { code, info } = error;
  // Of name AbortError, which is never tried again.
  if (code === "cancelled") return error;
  if (code === "unsupported") {
    markAsSdkError(error, "AI_UnsupportedFunctionalityError", { functionality: info.where ?? code });
    return error;
  }
  const { retryable, retryAfterMs, status, upstream } = info;
  markAsSdkError(error, "AI_APICallError", {
    // The SDK wants an address, and errors of Wick do not tell theirs, which may hold what is nobody's business.
    url: `${provider}:${modelId}`,
    requestBodyValues: undefined,
    isRetryable: retryable,
    statusCode: status,
    responseHeaders: retryAfterMs === undefined ? undefined : { "retry-after-ms": String(retryAfterMs) },
    responseBody: upstream?.message,
    data: info,
  });
  return error;
}

/** As `WickError.isInstance` does it, which would have to be imported. */
function isWickError(error: unknown): error is WickError {
  return error instanceof Error && Symbol.for("wick.WickError") in error;
}
