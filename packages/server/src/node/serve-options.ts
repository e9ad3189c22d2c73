import type { Logger } from "pino";
import type { ServerLog } from "../log.js";
import type { ServerOptions } from "../server-options.js";

/**
 * How a server runs on Node.
 *
 * @example
 * ```ts
 * const options: ServeOptions = { models: { demo: model }, port: 8080, apiKeyFile: "keys.txt", metrics: true };
 * ```
 */
export interface ServeOptions extends Omit<ServerOptions, "log" | "metrics" | "exposeMetrics"> {
  /** The address to listen on; `127.0.0.1`. Another one needs keys, or `insecure`. */
  host?: string | undefined;
  /** The port; 8080, and 0 for any that is free. */
  port?: number | undefined;
  /** Listens for everyone without asking for a key. */
  insecure?: boolean | undefined;
  /** A file of keys, one on a line: `name:key`, or the key alone. */
  apiKeyFile?: string | undefined;
  /** Logs as JSON, a line for each request; `pino()`, which writes to standard output. A function is told instead; `false`: none. */
  log?: Logger | ServerLog | false | undefined;
  /** Counts for Prometheus, at `/metrics`; none. */
  metrics?: boolean | undefined;
  /** Whether there is a page to try the models, at `/`; yes. `files` are served instead, where given. */
  playground?: boolean | undefined;
  /** Connections at once; 256. */
  maxConnections?: number | undefined;
  /** How long a client may leave what it was sent unread before it is cut off; 30 s. */
  stalledReaderMs?: number | undefined;
  /** Whether SIGTERM and SIGINT end the server: it drains, and a second one ends the process at once. No by default. */
  handleSignals?: boolean | undefined;
  /** How long requests that run may go on then; 10 s. */
  drainMs?: number | undefined;
}
