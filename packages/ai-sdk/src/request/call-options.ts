import type { CallOptions, ModelInfo } from "wick";
import type { Warnings } from "./warnings.js";

/** What a call of the SDK has beside its request. */
export interface SdkCallOptions {
  abortSignal?: AbortSignal | undefined;
  headers?: Readonly<Record<string, string | undefined>> | undefined;
}

/** How a call ends early, and what is sent with it to a host. */
export function callOptions(
  { abortSignal, headers = {} }: SdkCallOptions,
  { timeoutMs, backend }: { timeoutMs: unknown; backend: ModelInfo["backend"] },
  warnings: Warnings,
): CallOptions {
  const options: CallOptions = {};
  if (abortSignal !== undefined) options.signal = abortSignal;
  // Wick checks it.
  if (timeoutMs !== undefined) options.timeoutMs = timeoutMs as number;
  const given = Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined);
  if (backend === "remote") {
    if (given.length > 0) options.headers = Object.fromEntries(given);
    return options;
  }
  // The SDK puts its own name into every call.
  const names = given.map(([name]) => name).filter((name) => name.toLowerCase() !== "user-agent");
  if (names.length > 0) warnings.unsupported("headers", `A local model sends no headers: ${names.join(", ")}.`);
  return options;
}
