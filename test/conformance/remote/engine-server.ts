// A server for the tests of remote models: the native engine behind Wick's own wire form and behind OpenAI's, for clients on this
// machine, pages of any origin among them.

import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { demoModel } from "@wick/demo-model";
import { afterAll } from "vitest";
import { Model, WickError, type WickResponse } from "wick";
import { transcriptsOf } from "../transcripts.ts";
import { chunksOfOpenai } from "./openai-form.ts";
import { type Body, requestOf } from "./request-of.ts";

/** A server that runs. */
export interface EngineServer {
  url: string;
  stop(): Promise<void>;
}

const cors = { "access-control-allow-origin": "*" };
const json = { "content-type": "application/json", ...cors };

/** The server with the demo model behind it, until the tests of a file are over. */
export async function serveEngine(): Promise<EngineServer & { engine: Model }> {
  const engine = await Model.load(demoModel());
  const server = await startEngineServer(engine);
  afterAll(async () => {
    await server.stop();
    await engine.close();
  });
  return { ...server, engine };
}

async function startEngineServer(model: Model): Promise<EngineServer> {
  const server = createServer((request, response) => {
    void serve(model, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

async function serve(model: Model, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "OPTIONS") {
    // A star is no leave for a key.
    const allowed = request.headers["access-control-request-headers"] ?? "";
    return void response.writeHead(204, { ...cors, "access-control-allow-headers": allowed }).end();
  }
  const path = request.url ?? "";
  if (path === "/idle") {
    await untilIdle(model);
    return void response.writeHead(200, json).end("{}");
  }
  if (path === "/words") return void response.writeHead(200, json).end(JSON.stringify(await transcriptsOf(model)));
  const body: Body = JSON.parse(Buffer.concat(await request.toArray()).toString());
  const abort = new AbortController();
  response.on("close", () => abort.abort());
  try {
    const answer = await answerTo(model, path, body, { isOurs: isOurs(request), signal: abort.signal });
    if (answer instanceof Response) return await send(answer, response);
    return void response.writeHead(200, json).end(JSON.stringify(answer));
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    return void response.writeHead(400, json).end(JSON.stringify({ error: error.info }));
  }
}

function isOurs({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes("application/vnd.wick.response+sse") === true;
}

async function answerTo(
  model: Model,
  path: string,
  body: Body,
  { isOurs: ours, signal }: { isOurs: boolean; signal: AbortSignal },
): Promise<object> {
  const inForm = (stream: AsyncIterable<WickResponse> & { toResponse(init: ResponseInit): Response }) =>
    ours ? stream.toResponse({ headers: cors }) : chunksOfOpenai(stream, cors);
  switch (path) {
    case "/v1/chat/completions":
      return inForm(model.chat.stream(requestOf(body), { signal }));
    case "/v1/fim/completions":
      return inForm(model.fim.stream(requestOf(body), { signal }));
    case "/v1/completions":
      return body["suffix"] === undefined
        ? inForm(model.completions.stream(requestOf(body), { signal }))
        : inForm(model.fim.stream(requestOf(body), { signal }));
    case "/v1/embeddings": {
      const { data, usage } = await model.embeddings.create({ inputs: body["input"] as string[] }, { signal });
      return { object: "list", data, usage: { prompt_tokens: usage?.promptTokens, total_tokens: usage?.totalTokens } };
    }
    case "/v1/tokenize": {
      const { prompt, special, messages } = body;
      if (messages !== undefined) return { count: await model.countTokens(requestOf(body)) };
      const tokens = await model.tokenize(prompt as string, { special: special === true });
      return { tokens, count: tokens.length };
    }
    case "/v1/detokenize":
      return { prompt: await model.detokenize(body["tokens"] as number[]) };
    default:
      throw new WickError({ code: "not_found", message: `no ${path}`, retryable: false });
  }
}

/** Reads on only as the client does. */
async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).flushHeaders();
  if (answer.body === null) return void response.end();
  // A client that goes away is no failure of the server.
  await pipeline(Readable.fromWeb(answer.body), response).catch(() => {});
}

async function untilIdle(model: Model): Promise<void> {
  const isIdle = () => {
    const { running, queued, parked } = model.stats();
    return running + queued + parked === 0;
  };
  while (!isIdle()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
