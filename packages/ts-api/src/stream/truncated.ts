import { WickError } from "../error/wick-error.js";

/** The body of an answer ended before the answer did. */
export function truncated(): WickError {
  return new WickError({
    code: "stream_truncated",
    message: "The body ended before the last response. Ask again; what came is in the partial answer.",
    retryable: true,
  });
}
