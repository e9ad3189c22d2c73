/// <reference lib="esnext.disposable" preserve="true" />
/**
 * An OpenAI-, Mistral- and Anthropic-compatible server over models of Wick, as one fetch handler.
 *
 * @module server
 */
export type { ApiKey } from "./access/api-keys.js";
export { type Server, createServer } from "./create-server.js";
export { type Limits, defaultLimits } from "./limits.js";
export type { DrainEntry, RequestEndedEntry, RequestFailedEntry, ServerLog, ServerLogEntry } from "./log.js";
export type { Metrics } from "./metrics.js";
export type { ServedModel } from "./model-catalog.js";
export type { ServerRuntime, ServerOptions, StaticFile, StaticFiles } from "./server-options.js";
