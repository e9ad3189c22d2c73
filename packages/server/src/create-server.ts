import { type Context, Hono } from "hono";
import { ApiKeys } from "./access/api-keys.js";
import { Hosts } from "./access/hosts.js";
import { Origins } from "./access/origins.js";
import { RequestRate } from "./access/request-rate.js";
import type { App, Env } from "./app.js";
import { Failure, failureFrom, notFound } from "./error/failure.js";
import { errorBody } from "./error/error-body.js";
import { retryHeaders } from "./error/headers.js";
import { limitsOf } from "./limits.js";
import { anthropicError } from "./messages/anthropic-error.js";
import { ModelCatalog, isDeadly } from "./model-catalog.js";
import { openApiDocument } from "./openapi.js";
import type { Route } from "./route.js";
import { ResponseStore } from "./responses/response-store.js";
import { routes } from "./routes.js";
import { Exchange } from "./run/exchange.js";
import { LiveRuns } from "./run/live-runs.js";
import type { ServerRuntime, ServerOptions, StaticFile, StaticFiles } from "./server-options.js";
import { wantsResponses } from "./wire/response-form.js";

/**
 * A server, as a function from requests to answers.
 *
 * @example
 * ```ts
 * export default { fetch: (request: Request) => server.fetch(request) };
 * ```
 */
export interface Server extends AsyncDisposable {
  /** Answers a request. Never throws. */
  fetch(request: Request): Promise<Response>;
  /**
   * Refuses new requests, waits for those there are, and ends what is left after `graceMs`, 10 s, with a terminal that keeps what
   * was generated. The models are not closed: they are the program's.
   */
  drain(options?: { graceMs?: number | undefined }): Promise<void>;
}

/** Pages of others must not read, frame or guess an answer. */
const always = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/**
 * Makes a server over models that the program has loaded or connected.
 *
 * @throws {TypeError} for options that are wrong.
 *
 * @example
 * ```ts
 * const server = createServer({ models: { demo: await Model.load(demoModel()) } });
 * const answer = await server.fetch(new Request("http://localhost/v1/models"));
 * ```
 */
export function createServer(options: ServerOptions): Server {
  const runtime = { now: () => performance.now(), date: () => Date.now(), newId: randomId, ...options.runtime };
  const limits = limitsOf(options.limits);
  const models = new ModelCatalog(options.models, runtime.date());
  const app: App = {
    models,
    limits,
    isStrict: options.strict === true,
    exposesMetrics: options.exposeMetrics === true,
    hosts: new Hosts(options.allowedHosts ?? []),
    origins: new Origins(options.allowedOrigins ?? []),
    keys: new ApiKeys(options.apiKeys ?? []),
    rate: new RequestRate(limits.requestsPerMinute, runtime.now),
    runs: new LiveRuns(limits.liveRequests, runtime.now, (name, error) => {
      if (isDeadly(error)) models.died(name, error);
    }),
    responses: new ResponseStore(limits.storedResponses, limits.storedResponseMs, runtime.now),
    runtime,
    watchers: { log: options.log, metrics: options.metrics, now: runtime.now },
  };
  const hono = appOf(app, options.files);
  const drain = async ({ graceMs = 10_000 }: { graceMs?: number | undefined } = {}) => {
    app.watchers.log?.({ event: "drain_begun", live: app.runs.size });
    await app.runs.drain(graceMs);
    app.watchers.log?.({ event: "drain_ended", live: app.runs.size });
  };
  return {
    fetch: async (request) => hono.fetch(request),
    drain,
    [Symbol.asyncDispose]: () => drain({ graceMs: 0 }),
  };
}

function appOf(app: App, files: StaticFiles | undefined): Hono<Env> {
  const hono = new Hono<Env>();
  hono.use(async (c, next) => {
    const exchange = new Exchange(requestIdOf(c.req.raw, app.runtime), c.req.method, app.watchers);
    c.set("exchange", exchange);
    // Also of what is refused before its route is found.
    c.set("errors", /^\/v1\/messages(?:\/|$)/.test(c.req.path) ? "anthropic" : undefined);
    await next();
    for (const [name, value] of Object.entries(always)) c.res.headers.set(name, value);
    c.res.headers.set("x-request-id", exchange.requestId);
    if (c.var.errors === "anthropic") c.res.headers.set("request-id", exchange.requestId);
    if (!exchange.isStreamed) exchange.over(c.res.status);
  });
  hono.use(async (c, next) => {
    const request = c.req.raw;
    app.hosts.check(request);
    // A browser asks without a key.
    if (c.req.method === "OPTIONS") return next();
    const cors = app.origins.headers(request);
    const file = await fileOf(c, files);
    if (file === undefined && c.req.path !== "/health") {
      c.var.exchange.caller = await app.keys.callerOf(request.headers);
      app.rate.take(c.var.exchange.caller.name);
    }
    if (file !== undefined) return new Response(file.body, { headers: file.headers });
    await next();
    for (const [name, value] of Object.entries(cors)) c.res.headers.set(name, value);
    return undefined;
  });
  const description = openApiDocument(routes, { hasKeys: !app.keys.isOpen });
  for (const route of routes) {
    hono.on(route.method, route.path, (c) => {
      c.var.exchange.route = plainPath(route);
      // Before its body is read: while there is no room, there may be many.
      if (route.generates === true) {
        app.runs.checkRoom(app.models.names());
        c.var.exchange.signal = c.req.raw.signal;
      }
      return route.handle(app, c);
    });
  }
  hono.get("/openapi.json", (c) => c.json(description));
  const own = { method: "GET", path: "/openapi.json" };
  for (const path of new Set([...routes, own].map((route) => route.path))) {
    const methods = [...routes, own].filter((route) => route.path === path).map(({ method }) => method);
    const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
    hono.options(path, (c) => app.origins.preflight(c.req.raw, allow));
    hono.all(path, () => {
      throw methodNotAllowed(allow);
    });
  }
  hono.notFound((c) =>
    answerOf(app, c, notFound("This server has no such address; /openapi.json lists those it has.")),
  );
  hono.onError((error, c) => answerOf(app, c, error));
  return hono;
}

function answerOf(app: App, c: Context<Env>, error: unknown): Response {
  const failure = failureFrom(error);
  const { exchange } = c.var;
  exchange.failed(failure.info);
  if (failure.info.code === "internal") {
    const { requestId, route } = exchange;
    app.watchers.log?.({ event: "request_failed", requestId, route, error: failure.cause ?? error });
  }
  const headers = {
    ...(failure.status >= 429 && retryHeaders(failure.info)),
    ...failure.headers,
    ...corsAgain(app, c.req.raw),
  };
  return Response.json(bodyOf(c, failure), { status: failure.status, headers });
}

function bodyOf(c: Context<Env>, failure: Failure): object {
  if (wantsResponses(c.req.raw)) return { error: failure.info };
  return c.var.errors === "anthropic" ? anthropicError(failure, c.var.exchange.requestId) : errorBody(failure);
}

/** An error passes the middleware by; a page that may ask may read it, too. */
function corsAgain(app: App, request: Request): Record<string, string> {
  try {
    return app.origins.headers(request);
  } catch {
    return {};
  }
}

async function fileOf(c: Context<Env>, files: StaticFiles | undefined): Promise<StaticFile | undefined> {
  if (c.req.method !== "GET" && c.req.method !== "HEAD") return undefined;
  return files?.(c.req.path === "/" ? "/index.html" : c.req.path);
}

function methodNotAllowed(allow: string): Failure {
  return new Failure(
    { code: "invalid_request", message: `This address takes ${allow}.`, where: "method", retryable: false },
    { status: 405, headers: { allow } },
  );
}

/** A client's own id, where it is one that a log can hold. */
function requestIdOf(request: Request, runtime: ServerRuntime): string {
  const given = request.headers.get("x-request-id");
  return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : `req-${runtime.newId()}`;
}

function plainPath({ path }: Route): string {
  return path.replaceAll(/\{[^}]*\}/g, "");
}

function randomId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
