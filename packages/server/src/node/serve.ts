import {
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
  createServer as createHttpServer,
} from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { pino } from "pino";
import { WickError } from "wick";
import type { ServerLog } from "../log.js";
import { type Server, createServer } from "../create-server.js";
import { apiKeysOfFile } from "./api-key-file.js";
import { playgroundFiles } from "./playground-files.js";
import { pinoLog } from "./pino-log.js";
import { prometheusMetrics } from "./prometheus-metrics.js";
import type { ServeOptions } from "./serve-options.js";
import { StalledReaders } from "./stalled-readers.js";
import { onSignals } from "./signals.js";
import type { ServerOptions } from "../server-options.js";

/**
 * A server that listens.
 *
 * @example
 * ```ts
 * await using server = await serve({ models: { demo: model }, port: 0 });
 * console.log(server.url);
 * ```
 */
export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** The port; of `port: 0` the one that was free. */
  readonly port: number;
  /** Takes no more requests, lets those that run go on for `drainMs`, ends the rest with a terminal, and stops. Idempotent. */
  close(): Promise<void>;
  /** Settles when it has stopped, whoever stopped it. */
  readonly closed: Promise<void>;
}

const headerBytes = 16 * 1024;
const headersMs = 10_000;
const loopback = new Set(["127.0.0.1", "::1", "localhost"]);

/**
 * Serves models over HTTP, on this machine alone unless told otherwise.
 *
 * @throws {@link WickError} `io_error` where it cannot listen, `invalid_request` for an address that is open to all without a key.
 *
 * @example
 * ```ts
 * await using model = await Model.load("./model.gguf");
 * await using server = await serve({ models: { local: model }, handleSignals: true });
 * await server.closed;
 * ```
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { host = "127.0.0.1", port = 8080, log = pino(), drainMs = 10_000, stalledReaderMs = 30_000 } = options;
  const server = await serverOf(options, host, log);
  const http = createHttpServer({
    maxHeaderSize: headerBytes,
    headersTimeout: headersMs,
    // The body's own limit answers first, with a reason.
    requestTimeout: headersMs + (options.limits?.bodyMs ?? 30_000) + 1000,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: 5000,
  });
  http.maxConnections = options.maxConnections ?? 256;
  const readers = new StalledReaders(stalledReaderMs, () => performance.now());
  http.on("request", listenerOf(server, readers));
  await listen(http, host, port);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= stop(server, http, readers, drainMs));
  const unhook = options.handleSignals === true ? onSignals(close) : () => {};
  const { port: actual } = http.address() as AddressInfo;
  const closed = new Promise<void>((resolve) => {
    http.once("close", () => {
      unhook();
      resolve();
    });
  });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${actual}`,
    port: actual,
    close,
    closed,
    [Symbol.asyncDispose]: close,
  };
}

async function serverOf(options: ServeOptions, host: string, log: ServeOptions["log"]): Promise<Server> {
  const { apiKeys = [], apiKeyFile, insecure = false, metrics = false, allowedHosts } = options;
  const keys = [...apiKeys, ...(apiKeyFile === undefined ? [] : await apiKeysOfFile(apiKeyFile))];
  const isLocal = loopback.has(host);
  if (!isLocal && keys.length === 0 && !insecure) {
    throw new WickError({
      code: "invalid_request",
      message: `On ${host} others can reach this server: give it API keys, or say insecure: true.`,
      where: "host",
      retryable: false,
    });
  }
  const files = options.files ?? (options.playground === false ? undefined : await playgroundFiles());
  return createServer({
    ...ofServer(options),
    files,
    apiKeys: keys,
    // A page that reaches this server under a name of its own has no key; names guard servers that ask for none.
    allowedHosts: allowedHosts ?? (isLocal || keys.length === 0 ? [host] : "any"),
    exposeMetrics: metrics,
    metrics: metrics ? prometheusMetrics() : undefined,
    log: logOf(log),
  });
}

function logOf(log: ServeOptions["log"]): ServerLog | undefined {
  if (log === undefined || log === false) return undefined;
  return typeof log === "function" ? log : pinoLog(log);
}

/** What a server takes anywhere. */
function ofServer({ models, allowedOrigins, limits, strict, runtime }: ServeOptions): ServerOptions {
  return { models, allowedOrigins, limits, strict, runtime };
}

function listenerOf(server: Server, readers: StalledReaders) {
  const answer = getRequestListener((request) => server.fetch(request), {
    // A library leaves the globals of its program alone.
    overrideGlobalObjects: false,
  });
  return (request: IncomingMessage, response: ServerResponse) => {
    readers.watch(response);
    // Node takes the first of several.
    if (countOf(request.rawHeaders, "host") > 1) {
      return void response
        .writeHead(400, { "content-type": "text/plain", connection: "close" })
        .end("Send one Host.\n");
    }
    return void answer(request, response);
  };
}

function countOf(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((header, index) => index % 2 === 0 && header.toLowerCase() === name).length;
}

async function listen(http: HttpServer, host: string, port: number): Promise<void> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    const message = "The port is a whole number from 0, for any that is free, to 65535.";
    throw new WickError({ code: "invalid_request", message, where: "port", retryable: false });
  }
  await new Promise<void>((resolve, reject) => {
    http.once("error", (error: NodeJS.ErrnoException) => {
      const message = `The server cannot listen on ${host}, port ${port} (${error.code ?? error.name}): choose another port, or stop who has it.`;
      reject(new WickError({ code: "io_error", message, where: "port", retryable: false }));
    });
    http.listen(port, host, resolve);
  });
}

async function stop(server: Server, http: HttpServer, readers: StalledReaders, drainMs: number): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    http.close(() => resolve());
  });
  // Connections that carry nothing; the others have their answers first.
  http.closeIdleConnections();
  await server.drain({ graceMs: drainMs });
  // Answers that have ended are on their way, and their connections idle a moment later.
  const idle = setInterval(() => http.closeIdleConnections(), 10);
  // A client that does not read its answer is not waited for.
  const patience = setTimeout(() => http.closeAllConnections(), 1000);
  await stopped;
  clearInterval(idle);
  clearTimeout(patience);
  readers.stop();
}
