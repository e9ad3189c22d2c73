import type { ErrorCode, ErrorInfo } from "../../generated/protocol.js";
import { isRecord } from "./json.js";

/** All of them: a record, so that none can be missing. */
const codes: Readonly<Record<ErrorCode, true>> = {
  invalid_request: true,
  unsupported: true,
  unauthorized: true,
  forbidden_host: true,
  too_large: true,
  not_found: true,
  model_invalid: true,
  model_unsupported: true,
  model_integrity: true,
  model_changed: true,
  tokenizer_invalid: true,
  template_invalid: true,
  template_limit: true,
  grammar_invalid: true,
  grammar_limit: true,
  context_overflow: true,
  queue_full: true,
  timeout: true,
  cancelled: true,
  out_of_memory: true,
  disk_full: true,
  io_error: true,
  download_failed: true,
  device_lost: true,
  numeric_error: true,
  engine_failed: true,
  engine_closed: true,
  instance_poisoned: true,
  busy: true,
  stream_truncated: true,
  stream_protocol: true,
  http_error: true,
  connection_failed: true,
  rate_limited: true,
  backend_unavailable: true,
  stream_consumed: true,
  output_invalid: true,
  tool_failed: true,
  internal: true,
};

/** The error that a server of ours answered with; undefined: it is of something in between, or of a later version. */
export function ownErrorOf(body: unknown): Omit<ErrorInfo, "retryable"> | undefined {
  const error = isRecord(body) ? body["error"] : undefined;
  if (!isRecord(error)) return undefined;
  const { code, message, where, param, details } = error;
  if (typeof code !== "string" || !Object.hasOwn(codes, code) || typeof message !== "string") return undefined;
  const place = where ?? param;
  return {
    code: code as ErrorCode,
    message,
    ...(typeof place === "string" && { where: place }),
    ...(isRecord(details) && { details: details as NonNullable<ErrorInfo["details"]> }),
  };
}
