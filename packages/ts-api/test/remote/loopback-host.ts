import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ChatResponse, ConnectOptions, Model } from "wick";
import { terminalOf } from "../../../../test/conformance/chunks.js";
import { connect } from "../../src/remote/connect.js";

/** A request as the host received it. */
interface Received {
  path: string;
  headers: IncomingMessage["headers"];
  body: Record<string, unknown>;
  /** Settled once the client has closed its end, with when. */
  closed: Promise<number>;
  atMs: number;
}

/** What a host answers to its n-th request, from 0. */
export type Answer = (response: ServerResponse, received: Received, count: number) => unknown;

/** A server on this machine that does what a test says. */
export interface LoopbackHost extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  connect(options?: Partial<ConnectOptions>): Model;
}

export async function loopbackHost(answer: Answer): Promise<LoopbackHost> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const closed = new Promise<number>((resolve) => {
      response.on("close", () => resolve(performance.now()));
    });
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const text = Buffer.concat(pieces).toString();
      const entry = {
        path: request.url ?? "",
        headers: request.headers,
        body: text === "" ? {} : JSON.parse(text),
        closed,
        atMs: performance.now(),
      };
      received.push(entry);
      void Promise.resolve(answer(response, entry, received.length - 1)).catch(() => response.destroy());
    });
    response.on("error", () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    received,
    connect: (options = {}) => connect({ provider: "openai", model: "m", baseURL: url, maxRetries: 0, ...options }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

export const events = { "content-type": "text/event-stream" };

/** Sends text and ends. */
export const sends =
  (body: string, headers: Record<string, string> = events, status = 200): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body);

/** A chunk of OpenAI's form as an event. */
export function chunk(choice: object, rest: object = {}): string {
  const whole = { id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [choice], ...rest };
  return `data: ${JSON.stringify(whole)}\n\n`;
}

export const said = (content: unknown, index = 0) => chunk({ index, delta: { content }, finish_reason: null });
export const ended = (reason = "stop", index = 0) => chunk({ index, delta: {}, finish_reason: reason });
export const done = "data: [DONE]\n\n";
export const hello = said("Hello") + ended() + done;
export const messages = [{ role: "user" as const, content: "Hi" }];

/** The shortest of three tries, or the first within its bound: what a busy machine adds is not what is measured. */
export async function shortest(boundMs: number, measure: () => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 3 && best >= boundMs; turn += 1) best = Math.min(best, await measure());
  return best;
}

export const never = () => new Promise<never>(() => {});

export const sleep = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });

/** The error that a stream ended with. */
export function errorOf(responses: readonly ChatResponse[]) {
  const terminal = terminalOf(responses);
  return "error" in terminal ? terminal.error : undefined;
}
