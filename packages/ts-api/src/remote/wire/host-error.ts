import type { UpstreamError } from "../../generated/protocol.js";
import { type JsonRecord, isEmpty, isRecord } from "./json.js";

/** A host's own words are kept up to here. */
export const longestMessage = 1000;

/**
 * What a host says of a failure, in any of the forms that hosts use: `{error: {message, type, code}}` and `{error: "…"}` (OpenAI,
 * TGI), `{object: "error", message, type, code}` (vLLM, Mistral), `{message, request_id}`, `{detail: "…" | [{loc, msg}]}` (FastAPI),
 * a list of one of these (Google). Undefined: it says nothing of one.
 */
export function hostErrorOf(value: unknown): UpstreamError | undefined {
  if (Array.isArray(value)) return hostErrorOf(value[0]);
  if (!isRecord(value)) return undefined;
  const { error, object, detail, message } = value;
  if (typeof error === "string") return upstream(value, error);
  if (isRecord(error)) return upstream(error, textOf(error["message"]));
  if (error !== undefined && error !== null) return upstream(value, JSON.stringify(error));
  if (object === "error" || typeof message === "string") return upstream(value, textOf(message));
  if (detail !== undefined) return upstream(value, textOf(detail));
  return isRecord(message) ? upstream(value, textOf(message["detail"])) : undefined;
}

/** Whether an event of a stream is an error; other events have messages, too. */
export function saysError(value: JsonRecord): boolean {
  const { error, object, detail, message, type, choices } = value;
  if (!isEmpty(error) || object === "error") return true;
  if (choices !== undefined) return false;
  const isNamed = type === undefined ? "code" in value || "request_id" in value : String(type).includes("error");
  return !isEmpty(detail) || (!isEmpty(message) && isNamed);
}

/** Whether the same request may succeed later, by the host's own code. */
export function isTransient({ code = "", type = "" }: UpstreamError): boolean {
  return /^(?:429|5\d\d)$/.test(code) || /overloaded|rate_?limit|server_error|unavailable/.test(`${code} ${type}`);
}

function upstream(value: JsonRecord, message: string | undefined): UpstreamError {
  const words: UpstreamError = {};
  const code = nameOf(value["code"]);
  const type = nameOf(value["type"]) ?? nameOf(value["error_type"]);
  const requestId = nameOf(value["request_id"]);
  if (code !== undefined) words.code = code;
  if (type !== undefined) words.type = type;
  if (message !== undefined) words.message = message.slice(0, longestMessage);
  if (requestId !== undefined) words.requestId = requestId;
  return words;
}

function nameOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** Of validation errors the places and what is wrong with them, not their `input`, which is the prompt. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(problemOf).join("; ");
  if (isRecord(value) && "detail" in value) return textOf(value["detail"]);
  return value === undefined || value === null ? undefined : JSON.stringify(value);
}

function problemOf(value: unknown): string {
  if (!isRecord(value)) return String(value);
  const place = Array.isArray(value["loc"]) ? `${value["loc"].join(".")}: ` : "";
  return `${place}${String(value["msg"] ?? "is wrong")}`;
}
