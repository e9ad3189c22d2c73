// Stands in for Wick's server in the tests of its page: the page with its headers, and of the API what the page asks.

import { readFile } from "node:fs/promises";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { type AgentStream, type ExecutableTool, type Model, WickError, type WickResponse } from "wick";
import { type Body, requestOf } from "../../../test/conformance/remote/request-of.ts";

/** What is served. */
export interface StandInOptions {
  /** By their names. */
  models: Readonly<Record<string, Model>>;
  /** Wanted of each call of the API. */
  apiKey?: string;
  /** Tools that the server runs, for requests that let it. */
  tools?: readonly ExecutableTool[];
  /** A certain one, where the server comes back. */
  port?: number;
}

/** A server that runs. */
export interface StandInServer {
  url: string;
  port: number;
  /** Ends it at once, in the middle of what it says. */
  stop(): Promise<void>;
}

/** Where the page is built to. */
const pageFolder = fileURLToPath(new URL("../dist", import.meta.url));

/** All that the page needs: nothing of other hosts, nothing inline, nothing evaluated but WebAssembly. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".gguf": "application/octet-stream",
};

/** Starts the server. */
export async function start(options: StandInOptions): Promise<StandInServer> {
  const approvals = new Map<string, AgentStream<WickResponse>>();
  const server = createServer((request, response) => {
    void serve(options, approvals, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, stop: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => {
    server.close(resolve);
  });
  server.closeAllConnections();
  await closed;
}

async function serve(
  options: StandInOptions,
  approvals: Map<string, AgentStream<WickResponse>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  if (!path.startsWith("/v1/")) return sendFile(path, response);
  if (options.apiKey !== undefined && request.headers.authorization !== `Bearer ${options.apiKey}`) {
    return sendJson(response, 401, { error: { message: "This server wants a key.", code: "unauthorized" } });
  }
  if (path === "/v1/models") {
    return sendJson(response, 200, { object: "list", data: Object.keys(options.models).map((id) => ({ id })) });
  }
  const body: Body = JSON.parse(Buffer.concat(await request.toArray()).toString());
  const approval = /^\/v1\/agent\/approvals\/(.+)$/.exec(path)?.[1];
  if (approval !== undefined) return answerApproval(approvals, decodeURIComponent(approval), body, response);
  if (path === "/v1/chat/completions") return chat(options, approvals, body, response);
  return sendJson(response, 404, { error: { message: `There is no ${path}.`, code: "not_found" } });
}

/** The engine and the demo model are of other packages. */
function fileOf(path: string): string {
  const engine = /^\/engine\/([\w.-]+)$/.exec(path)?.[1];
  if (engine === undefined) return join(pageFolder, normalize(path === "/" ? "/index.html" : path));
  return join(pageFolder, "../..", engine.endsWith(".gguf") ? "demo-model" : "wasm", engine);
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const file = fileOf(path);
  const type = types[extname(file)];
  const bytes = type === undefined ? undefined : await readFile(file).catch(() => {});
  if (type === undefined || bytes === undefined) return void response.writeHead(404).end();
  response.writeHead(200, {
    "content-type": type,
    "content-security-policy": contentSecurityPolicy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  });
  return void response.end(bytes);
}

async function chat(
  { models, tools = [] }: StandInOptions,
  approvals: Map<string, AgentStream<WickResponse>>,
  body: Body,
  response: ServerResponse,
): Promise<void> {
  const model = models[String(body["model"])];
  if (model === undefined) {
    return sendJson(response, 404, { error: { message: `There is no model ${String(body["model"])}.` } });
  }
  const abort = new AbortController();
  response.on("close", () => abort.abort());
  const wanted = (body["tools"] ?? []) as { type: string }[];
  const { tools: functions, ...request } = requestOf({
    ...body,
    tools: wanted.filter(({ type }) => type === "function"),
  });
  const own = wanted.some(({ type }) => type === "server") ? tools : [];
  const all = [...(functions ?? []), ...own];
  const stream = model.chat.stream({ ...request, ...(all.length > 0 && { tools: all }) }, { signal: abort.signal });
  const noting = noteApprovals(stream as AgentStream<WickResponse>, approvals);
  response.writeHead(200, { "content-type": "application/vnd.wick.response+sse" }).flushHeaders();
  // A client that goes away is no failure of the server.
  await pipeline(Readable.from(noting), response).catch(() => {});
}

async function* noteApprovals(
  stream: AgentStream<WickResponse>,
  approvals: Map<string, AgentStream<WickResponse>>,
): AsyncGenerator<string> {
  for await (const event of stream) {
    if (event.kind === "agentic_tool_approval_required") approvals.set(event.approvalId, stream);
    yield `data: ${JSON.stringify(event)}\n\n`;
  }
}

async function answerApproval(
  approvals: Map<string, AgentStream<WickResponse>>,
  id: string,
  body: Body,
  response: ServerResponse,
): Promise<void> {
  const remember = body["remember_for_session"] === true;
  try {
    const stream = approvals.get(id);
    if (stream === undefined)
      throw new WickError({ code: "not_found", message: "No question waits.", retryable: false });
    if (body["decision"] === "approve") await stream.approve(id, { remember });
    else await stream.deny(id, { remember, reason: String(body["message"]) });
    sendJson(response, 200, {});
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    sendJson(response, 404, { error: { message: error.message, code: error.code } });
  }
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
