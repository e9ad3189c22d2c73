import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";

/** A request and its answer, as they went over the wire. */
export interface WireExchange {
  method: string;
  path: string;
  requestHeaders: Readonly<Record<string, string | string[] | undefined>>;
  requestBody: string;
  /** 0 where its client left before any answer. */
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
  /** Whether the server came to the end of its answer; false where its client left. */
  isWhole: boolean;
}

/** What Node calls the channel that it tells of each request. */
const channel = "http.server.request.start";

/** Records what a server of this process gets and sends, without being in its way: no proxy changes how its clients come and go. */
export class WireTap implements Disposable {
  /** Those that are over, in the order of their ends. */
  readonly exchanges: WireExchange[] = [];
  readonly #port: number;
  readonly #listener = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.socket.localPort === this.#port) this.#record(request, response);
  };
  readonly #open = new Set<Buffer[]>();

  /** @param port - The server's. */
  constructor(port: number) {
    this.#port = port;
    subscribe(channel, this.#listener);
  }

  /** What was sent so far of each answer that is not over. */
  get open(): string[] {
    return [...this.#open].map((sent) => Buffer.concat(sent).toString());
  }

  [Symbol.dispose](): void {
    unsubscribe(channel, this.#listener);
  }

  #record(request: IncomingMessage, response: ServerResponse): void {
    const sent: Buffer[] = [];
    let headers: Record<string, string> = {};
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => never;
    response.writeHead = (...args: unknown[]) => {
      headers = headersOf(args.at(-1));
      return writeHead(...args);
    };
    const got = copied(request);
    this.#open.add(sent);
    for (const name of ["write", "end"] as const) {
      const original = response[name].bind(response) as (...args: unknown[]) => never;
      response[name] = (...args: unknown[]) => {
        const bytes = bytesOf(args[0]);
        if (bytes !== undefined) sent.push(bytes);
        return original(...args);
      };
    }
    response.once("close", () => {
      this.#open.delete(sent);
      this.exchanges.push({
        method: request.method ?? "",
        path: request.url ?? "",
        requestHeaders: request.headers,
        requestBody: Buffer.concat(got).toString(),
        status: response.headersSent ? response.statusCode : 0,
        headers: { ...headersOf(response.getHeaders()), ...headers },
        body: Buffer.concat(sent).toString(),
        isWhole: response.writableFinished,
      });
    });
  }
}

/** The bytes that the parser of a request hands to it, from now on. */
function copied(request: IncomingMessage): Buffer[] {
  const bytes: Buffer[] = [];
  const original = request.push.bind(request);
  request.push = (chunk: unknown, encoding?: BufferEncoding) => {
    const taken = bytesOf(chunk);
    if (taken !== undefined) bytes.push(taken);
    return original(chunk, encoding);
  };
  return bytes;
}

function bytesOf(chunk: unknown): Buffer | undefined {
  if (typeof chunk === "string") return Buffer.from(chunk);
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
}

/** Headers in any of the forms that Node takes. */
function headersOf(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null) return {};
  const flat = Array.isArray(given) && !Array.isArray(given[0]);
  const pairs = flat
    ? given.flatMap((name: unknown, at) => (at % 2 === 0 ? [[name, given[at + 1] as unknown]] : []))
    : Object.entries(given);
  return Object.fromEntries(pairs.map(([name, value]) => [String(name).toLowerCase(), String(value)]));
}
