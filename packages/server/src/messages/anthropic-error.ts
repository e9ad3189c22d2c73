import type { ErrorInfo } from "wick";
import { onWire } from "../error/error-body.js";
import type { Failure } from "../error/failure.js";

/** The body of an answer that is an error, as Anthropic's clients read it. */
export function anthropicError({ info, status, words, partial }: Failure, requestId: string): object {
  const { message, where = "" } = onWire(info, words);
  const place = where === "" || message.includes(where) ? "" : `${where}: `;
  return {
    type: "error",
    error: anthropicErrorOf(info, status, `${place}${message}`),
    request_id: requestId,
    ...(partial !== undefined && { partial }),
  };
}

/** An error as it stands within an answer or a stream; our own code is where the clients look for one. */
export function anthropicErrorOf({ code, details }: ErrorInfo, status: number, message: string): object {
  return { type: anthropicErrorType(status), message, details: { error_code: code, ...details } };
}

/** The kind of error in Anthropic's words. */
function anthropicErrorType(status: number): string {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    case 504:
      return "timeout_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}
