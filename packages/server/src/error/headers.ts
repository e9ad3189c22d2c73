import type { ErrorInfo } from "wick";

/** What clients that try again look at. */
export function retryHeaders(info: ErrorInfo): Record<string, string> {
  if (info.retryAfterMs === undefined) return { "x-should-retry": String(info.retryable) };
  return {
    // Whole seconds, which is all that some clients read; never 0, which asks again at once.
    "retry-after": String(Math.max(1, Math.ceil(info.retryAfterMs / 1000))),
    "retry-after-ms": String(Math.ceil(info.retryAfterMs)),
    "x-should-retry": String(info.retryable),
  };
}
