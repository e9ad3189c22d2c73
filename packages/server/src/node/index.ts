/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The server as a program on Node: its port, its logs, its metrics and its end.
 *
 * @module node
 */
export { apiKeysOfFile } from "./api-key-file.js";
export { playgroundFiles } from "./playground-files.js";
export { pinoLog } from "./pino-log.js";
export { prometheusMetrics } from "./prometheus-metrics.js";
export { type RunningServer, serve } from "./serve.js";
export type { ServeOptions } from "./serve-options.js";
