import { type EventSourceParser, createParser } from "eventsource-parser";
import { Accumulator } from "../response/accumulator.js";
import type { Feed } from "./feed.js";
import type { CancelReason, ErrorCode, ErrorInfo, Response } from "../generated/protocol.js";
import { isTerminal } from "../response/is-terminal.js";

/** A line beyond this is no response of ours; the longest, a whole answer, is far below. */
const maxBufferedCharacters = 64 * 1024 * 1024;

/** The kinds of this version. Others are of a later one and were not asked for: they are dropped. */
const knownKinds: Readonly<Record<Exclude<Response["kind"], "raw">, true>> = {
  chunk: true,
  done: true,
  validation_error: true,
  model_error: true,
  internal_error: true,
  cancelled: true,
  prompt_progress: true,
  agentic_tool_call_progress: true,
  agentic_tool_approval_required: true,
  completion_chunk: true,
  completion_done: true,
  completion_model_error: true,
  embeddings: true,
};

/** A run elsewhere, read from a body of server-sent events. Reads only when pulled. */
export class EventStreamFeed<R extends Response> implements Feed<R> {
  readonly #source: globalThis.Response | ReadableStream<Uint8Array>;
  readonly #timeoutMs: number | undefined;
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  readonly #delivered = new Accumulator({ id: "not-started", model: "", created: 0 }, 1);
  readonly #queue: R[] = [];
  #isCompletion = false;
  #isReading = false;
  /** Makes the terminal, once it is known, out of what was delivered by then. */
  #ending: (() => R) | undefined;
  #events = 0;
  #resume: (() => void) | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: globalThis.Response | ReadableStream<Uint8Array>, timeoutMs: number | undefined) {
    this.#source = source;
    this.#timeoutMs = timeoutMs;
    this.#parser = createParser({
      maxBufferSize: maxBufferedCharacters,
      onEvent: ({ data }) => this.#receive(data),
      // Only an overflow loses anything: comments and unknown fields are allowed, and reported here too.
      onError: ({ type, message }) => {
        if (type === "max-buffer-size-exceeded") this.#fail("stream_protocol", message);
      },
    });
  }

  start(): void {
    if (this.#timeoutMs !== undefined) this.#timer = setTimeout(() => this.cancel("timeout"), this.#timeoutMs);
    const refusal = this.#refusal();
    if (refusal !== undefined) return this.#fail(...refusal);
    try {
      const body = "body" in this.#source ? this.#source.body : this.#source;
      if (body === null) return this.#fail("stream_truncated", "The answer has no body.");
      this.#reader = body.getReader();
    } catch (error) {
      this.#fail("stream_consumed", `The body has a reader already: ${String(error)}.`);
    }
  }

  take(): R | null {
    const response = this.#queue.shift();
    if (response === undefined) return this.#ending?.() ?? null;
    this.#delivered.add(response);
    return response;
  }

  whenReady(resume: () => void): void {
    this.#resume = resume;
    void this.#read();
  }

  cancel(reason: CancelReason): void {
    this.#queue.length = 0;
    this.#endWith(() => ({ kind: "cancelled", reason, partial: this.#partial("cancelled") }));
  }

  release(): void {
    clearTimeout(this.#timer);
    const body = this.#reader ?? ("body" in this.#source ? this.#source.body : this.#source);
    this.#reader = undefined;
    // It may have failed, or have another reader: neither is ours to report.
    body?.cancel().catch(() => {});
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#reader !== undefined && !this.#isReady()) {
      const { reader, failure, chunk } = await this.#readChunk(this.#reader);
      // Cancelled meanwhile.
      if (reader !== this.#reader) break;
      if (failure !== undefined) this.#fail("stream_truncated", `The connection was lost: ${failure}.`);
      else if (chunk === undefined) this.#fail("stream_truncated", "The body ended before the last response.");
      else this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
    }
    this.#isReading = false;
    this.#wake();
  }

  async #readChunk(reader: ReadableStreamDefaultReader<Uint8Array>) {
    try {
      const { value } = await reader.read();
      return { reader, chunk: value, failure: undefined };
    } catch (error) {
      return { reader, chunk: undefined, failure: String(error) };
    }
  }

  #receive(data: string): void {
    this.#events += 1;
    if (this.#ending !== undefined) return;
    const response = parseResponse(data);
    if (response === undefined) {
      this.#fail("stream_protocol", `Event ${this.#events} is no response of Wick.`, `event ${this.#events}`);
    } else if (Object.hasOwn(knownKinds, response.kind)) {
      // Whether the body is of the call that `R` says cannot be told here; the program says what it asked for.
      const known = response as Response as R;
      if (known.kind.startsWith("completion_")) this.#isCompletion = true;
      if (isTerminal<Response>(known)) this.#endWith(() => known);
      else this.#queue.push(known);
    }
  }

  #endWith(ending: () => { kind: string }): void {
    // The response of a union is one of `R` by what the program asked for; see `#receive`.
    this.#ending = ending as () => R;
    this.release();
    this.#wake();
  }

  #isReady(): boolean {
    return this.#queue.length > 0 || this.#ending !== undefined;
  }

  #wake(): void {
    const resume = this.#resume;
    if (!this.#isReady() || resume === undefined) return;
    this.#resume = undefined;
    // In its own turn: a feed must not resume its stream from within `whenReady` or `cancel`.
    queueMicrotask(resume);
  }

  #fail(code: ErrorCode, message: string, where?: string): void {
    const error: ErrorInfo = { code, message, retryable: code === "stream_truncated" };
    if (where !== undefined) error.where = where;
    if ("status" in this.#source) error.status = this.#source.status;
    this.#endWith(() => ({ kind: "internal_error", error, partial: this.#partial("error") }));
  }

  /** Why an HTTP answer is no stream of responses. */
  #refusal(): [ErrorCode, string] | undefined {
    if (!("headers" in this.#source)) return undefined;
    const { ok, status, headers } = this.#source;
    if (!ok) return ["http_error", `The server answered with status ${status}.`];
    const type = headers.get("content-type") ?? "nothing";
    if (!type.startsWith("text/event-stream"))
      return ["stream_protocol", `The server sent ${type}, not text/event-stream.`];
    return undefined;
  }

  #partial(unfinished: "error" | "cancelled") {
    return this.#isCompletion ? this.#delivered.completion(unfinished) : this.#delivered.chat(unfinished);
  }
}

function parseResponse(data: string): { kind: string } | undefined {
  try {
    const value: unknown = JSON.parse(data);
    const isKinded = typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
    return isKinded ? (value as { kind: string }) : undefined;
  } catch {
    return undefined;
  }
}
