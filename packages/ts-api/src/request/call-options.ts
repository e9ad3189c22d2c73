import { invalidRequest, unsupported } from "../error/refusal.js";
import { checkHeaders } from "./headers.js";
import type { CallOptions } from "./request.js";

/** Timers of JavaScript go no further: 24 days. */
const longestTimeoutMs = 2 ** 31 - 1;

/** Refuses options that are wrong, or that a local model cannot honour. `also` are names that the call knows beside the common. */
export function checkCallOptions(options: object, also: readonly string[] = []): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (name !== "headers" && also.includes(name))) continue;
    switch (name) {
      case "signal":
        if (!isSignal(value))
          throw invalidRequest("options.signal", "options.signal is no AbortSignal; pass controller.signal.");
        break;
      case "timeoutMs":
        if (typeof value !== "number" || !(value > 0 && value <= longestTimeoutMs)) {
          const message = `options.timeoutMs must be a number of milliseconds above 0 and up to ${longestTimeoutMs}.`;
          throw invalidRequest("options.timeoutMs", message);
        }
        break;
      case "headers":
        if (!also.includes(name)) {
          throw unsupported("options.headers", "A local model sends no headers; leave options.headers out.");
        }
        checkHeaders(value, "options.headers");
        break;
      default:
        throw invalidRequest(`options.${name}`, `options.${name} is no option of this call; check its spelling.`);
    }
  }
}

/** A wrong signal is refused with the options; the stream must not trip over it first. */
export function signalOf({ signal }: CallOptions): AbortSignal | undefined {
  return typeof signal?.addEventListener === "function" ? signal : undefined;
}

/** By structure, since a signal of another realm or a polyfill will do. */
export function isSignal(value: unknown): value is AbortSignal {
  return typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
}
