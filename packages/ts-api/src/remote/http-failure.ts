import type { ErrorCode, ErrorInfo, UpstreamError } from "../generated/protocol.js";
import { isTransientStatus, retryAfterMs } from "./retry.js";
import { hostErrorOf } from "./wire/host-error.js";
import { parsed } from "./wire/json.js";
import { ownErrorOf } from "./wire/own-error.js";

/** An answer that is no success. */
export interface HttpFailure {
  status: number;
  headers: Headers;
  /** The beginning of its body. */
  text: string;
  /** Milliseconds since 1970. */
  now: number;
  /** Keeps keys out of the host's words. */
  redact(text: string): string;
  hasKey: boolean;
  /** Whether the host is a server of ours, whose errors are as the engine says them. */
  isOurs: boolean;
}

const requestIdHeaders = ["x-request-id", "request-id", "mistral-correlation-id"];

/** What a status means to who asked, with the host's words in `upstream`. */
export function errorOfStatus({ status, headers, text, now, redact, hasKey, isOurs }: HttpFailure): ErrorInfo {
  const own = isOurs ? ownErrorOf(parsed(text)) : undefined;
  const error: ErrorInfo = { ...(own ?? meaningOf(status, hasKey)), retryable: isTransientStatus(status), status };
  const wait = retryAfterMs(headers, now);
  if (wait !== undefined) error.retryAfterMs = wait;
  const words: UpstreamError = own === undefined ? wordsOf(text, headers) : requestIdOf(headers);
  if (words.message !== undefined) words.message = redact(words.message);
  if (own !== undefined) error.message = redact(own.message);
  if (Object.keys(words).length > 0) error.upstream = words;
  return error;
}

function meaningOf(status: number, hasKey: boolean): { code: ErrorCode; message: string } {
  const own = "its own words are in error.upstream";
  switch (status) {
    case 400:
    case 422:
      return { code: "invalid_request", message: `The host refused the request (${status}); ${own}.` };
    case 401:
    case 403: {
      const how = hasKey ? "Check the key and what it may do" : "Pass apiKey to Model.connect";
      return { code: "unauthorized", message: `The host did not let the request in (${status}). ${how}; ${own}.` };
    }
    case 404:
      return {
        code: "not_found",
        message: `The host has no such model or address (404). Check model and baseURL; ${own}.`,
      };
    case 413:
      return { code: "too_large", message: `The request is too long for the host (413); ${own}.` };
    case 429:
      return {
        code: "rate_limited",
        message: `The host takes no more requests for now (429). Ask again later; ${own}.`,
      };
    default:
      return { code: "http_error", message: `The host answered with status ${status}; ${own}.` };
  }
}

function wordsOf(text: string, headers: Headers): UpstreamError {
  const words = hostErrorOf(parsed(text)) ?? (text.trim() === "" ? {} : { message: text.trim().slice(0, 200) });
  return { ...words, ...requestIdOf(headers) };
}

function requestIdOf(headers: Headers): Pick<UpstreamError, "requestId"> {
  const requestId = requestIdHeaders.map((name) => headers.get(name)).find((id) => id !== null);
  return requestId === undefined || requestId === null ? {} : { requestId };
}
