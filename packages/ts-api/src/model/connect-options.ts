import type { OnCall } from "./call-observer.js";
import type { JsonObject } from "../generated/protocol.js";

/**
 * Which hosted model, and how to reach it.
 *
 * @example
 * ```ts
 * const options: ConnectOptions = { provider: "mistral", model: "mistral-small-latest", apiKey: process.env.MISTRAL_API_KEY };
 * ```
 */
export interface ConnectOptions {
  /** Whose dialect the host speaks. */
  provider: "mistral" | "openai" | "mistralrs" | "wick";
  /** The host's name of the model. */
  model: string;
  /** The key, or how to get one. */
  apiKey?: string | (() => string | Promise<string>) | undefined;
  /** With or without /v1. */
  baseURL?: string | undefined;
  /** Several base URLs: balanced, failed over before the first delta, sticky by prefix. */
  endpoints?: readonly string[] | undefined;
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Sent with every request. */
  extraHeaders?: Readonly<Record<string, string>> | undefined;
  /** Merged into every request. */
  extraBody?: JsonObject | undefined;
  /** How long connecting may take. */
  connectTimeoutMs?: number | undefined;
  /** How long the host may be silent. */
  idleTimeoutMs?: number | undefined;
  /** How long all of it may take. */
  totalTimeoutMs?: number | undefined;
  /** 2; only before the first event. */
  maxRetries?: number | undefined;
  /** Called with each call of the model; what it gives back sees the call's responses. `wick/telemetry` makes spans of them. */
  onCall?: OnCall | undefined;
}
