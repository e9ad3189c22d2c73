import type { Model } from "wick";
import type { ApiKey } from "./access/api-keys.js";
import type { Limits } from "./limits.js";
import type { ServerLog } from "./log.js";
import type { Metrics } from "./metrics.js";

/**
 * What a server is made of.
 *
 * @example
 * ```ts
 * const options: ServerOptions = { models: { demo: await Model.load(demoModel()) }, apiKeys: [process.env.WICK_API_KEY ?? ""] };
 * ```
 */
export interface ServerOptions {
  /** By the names that requests call them. One that still loads is a promise: its requests are told to come again. */
  models: Readonly<Record<string, Model | Promise<Model>>>;
  /** Who may ask; without keys everyone may who can reach the server. */
  apiKeys?: readonly (string | ApiKey)[] | undefined;
  /** Names that the server answers under, besides those of loopback; `"any"` where something in front has checked. */
  allowedHosts?: readonly string[] | "any" | undefined;
  /** Pages of other origins that may ask: `https://example.com`. */
  allowedOrigins?: readonly string[] | undefined;
  /** What is too much. */
  limits?: Partial<Limits> | undefined;
  /** Refuses fields that no schema knows, with status 422. By default they are ignored, as other servers do. */
  strict?: boolean | undefined;
  /** Whether `/metrics` is answered; it tells of all callers to each. */
  exposeMetrics?: boolean | undefined;
  /** What is counted. */
  metrics?: Metrics | undefined;
  /** Who is told of each request. */
  log?: ServerLog | undefined;
  /** The page at `/` and its files, by path; `playgroundFiles()` of `@wick/server/node` has ours. */
  files?: StaticFiles | undefined;
  /** Stands in for the clock, the dates and the ids of the host in tests. */
  runtime?: Partial<ServerRuntime> | undefined;
}

/** Files by their path, `/index.html` among them. */
export type StaticFiles = (path: string) => StaticFile | undefined | Promise<StaticFile | undefined>;

/** A file as it is sent. */
export interface StaticFile {
  body: string | Uint8Array | ReadableStream<Uint8Array>;
  headers: Readonly<Record<string, string>>;
}

/** What a server has of where it runs. */
export interface ServerRuntime {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Milliseconds since 1970. */
  date(): number;
  /** A new name for a request or a response. */
  newId(): string;
}
