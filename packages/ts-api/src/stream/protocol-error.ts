import type { ErrorInfo } from "../generated/protocol.js";
import { WickError } from "../error/wick-error.js";

/** How much of what was not understood is kept. */
const keptCharacters = 200;

/** The error for a body that breaks the rules of its wire form, with the beginning of what was received. */
export function protocolError(what: string, received?: string, where?: string): WickError {
  const info: ErrorInfo = {
    code: "stream_protocol",
    message: `${what}. It may be the wrong address, a proxy, or a host of another kind: check baseURL and provider.`,
    retryable: false,
  };
  if (where !== undefined) info.where = where;
  if (received !== undefined) info.details = { received: received.slice(0, keptCharacters) };
  return new WickError(info);
}
