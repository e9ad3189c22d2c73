import type { ErrorInfo } from "wick";
import type { Failure } from "./failure.js";
import { statusOf, typeOf } from "./status.js";
import { wirePath, wireWords } from "./wire-path.js";

/** An error as OpenAI's clients read it. */
export interface WireError {
  message: string;
  type: string;
  param: string | null;
  code: string;
}

/** An error of the engine, as it stands within a stream. */
export function wireError(info: ErrorInfo): WireError {
  const param = info.where === undefined ? null : wirePath(info.where);
  return { message: wireWords(info.message), type: typeOf(statusOf(info.code)), param, code: info.code };
}

/**
 * The body of an answer that is an error, in the words of all clients at once: OpenAI's read `error`, Mistral's the same fields
 * beside it, and `detail` where the status is 422. What had been generated is in `partial`.
 */
export function errorBody({ info, status, words, partial }: Failure): object {
  const { message, where } = onWire(info, words);
  const error: WireError = { message, type: typeOf(status), param: where ?? null, code: info.code };
  const loc = ["body", ...(error.param?.split(/[.[\]]+/).filter(Boolean) ?? [])];
  return {
    error,
    object: "error",
    ...error,
    ...(status === 422 && { detail: [{ type: info.code, loc, msg: message, input: null }] }),
    ...(partial !== undefined && { partial }),
  };
}

/** An error with the names that a body has. */
export function onWire(info: ErrorInfo, words: Failure["words"]): ErrorInfo {
  if (words === "wire") return info;
  const { where } = info;
  return { ...info, message: wireWords(info.message), ...(where !== undefined && { where: wirePath(where) }) };
}
