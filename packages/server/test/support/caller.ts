import { checkDescribed } from "./described-answers.ts";
import { type ServerEvent, eventsOf } from "./server-events.ts";

/** An answer that came whole. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Of `application/json`. */
  json: unknown;
  /** Of `text/event-stream`. */
  events: ServerEvent[];
}

/** What a request has beside its address. */
export interface Question {
  /** Sent as JSON; bytes and text are sent as they are. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** How a request comes to a server. */
export type Send = (address: string, init: RequestInit) => Promise<Response>;

/** Asks a server, and holds every answer that is JSON against the server's own description. */
export class Caller {
  readonly #send: Send;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param headers - Of every request. */
  constructor(send: Send, headers: Readonly<Record<string, string>> = {}) {
    this.#send = send;
    this.#headers = headers;
  }

  /** The same with more headers. */
  with(headers: Readonly<Record<string, string>>): Caller {
    return new Caller(this.#send, { ...this.#headers, ...headers });
  }

  get(address: string, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.ask("GET", address, headers === undefined ? {} : { headers });
  }

  post(address: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.ask("POST", address, { body, ...(headers !== undefined && { headers }) });
  }

  async ask(method: string, address: string, question: Question = {}): Promise<Answer> {
    const response = await this.begin(method, address, question);
    const text = await response.text();
    const contentType = response.headers.get("content-type") ?? "";
    const isJson = contentType.startsWith("application/json");
    const answer = {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== "" ? (JSON.parse(text) as unknown) : undefined,
      events: contentType.startsWith("text/event-stream") ? eventsOf(text) : [],
    };
    if (answer.json !== undefined && address !== "/openapi.json") {
      const about = { method, address, status: answer.status, contentType, answer: answer.json };
      checkDescribed({ ...about, ...(answer.status === 200 && { request: requestOf(question) }) });
    }
    return answer;
  }

  /** The answer as soon as its headers are there. */
  begin(method: string, address: string, { body, headers, signal }: Question = {}): Promise<Response> {
    const isRaw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
    return this.#send(address, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...this.#headers,
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
  }
}

/** The body of a request that was taken for JSON. */
function requestOf({ body }: Question): unknown {
  return typeof body === "string" ? (JSON.parse(body) as unknown) : body;
}
