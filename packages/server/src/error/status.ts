import type { ErrorCode } from "wick";

/** The HTTP status of each code. */
const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  unsupported: 400,
  template_invalid: 400,
  template_limit: 400,
  grammar_invalid: 400,
  grammar_limit: 400,
  context_overflow: 400,
  unauthorized: 401,
  forbidden_host: 403,
  not_found: 404,
  too_large: 413,
  queue_full: 429,
  rate_limited: 429,
  // Nginx's: nobody is there to read it.
  cancelled: 499,
  model_invalid: 500,
  model_unsupported: 500,
  model_integrity: 500,
  model_changed: 500,
  tokenizer_invalid: 500,
  io_error: 500,
  numeric_error: 500,
  stream_consumed: 500,
  output_invalid: 500,
  tool_failed: 500,
  internal: 500,
  stream_truncated: 502,
  stream_protocol: 502,
  http_error: 502,
  connection_failed: 502,
  download_failed: 502,
  busy: 503,
  out_of_memory: 503,
  disk_full: 503,
  device_lost: 503,
  engine_failed: 503,
  engine_closed: 503,
  instance_poisoned: 503,
  backend_unavailable: 503,
  timeout: 504,
};

/** The status that an error of this code has over HTTP. */
export function statusOf(code: ErrorCode): number {
  return statuses[code];
}

/** The kind of error in the words that OpenAI's clients know. */
export function typeOf(status: number): string {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}
