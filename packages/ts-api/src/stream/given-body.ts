import type { ErrorCode } from "../generated/protocol.js";
import type { RunBody } from "./body-feed.js";
import { WickError } from "../error/wick-error.js";

/** The body of an answer that a program has already. */
export class GivenBody implements RunBody {
  readonly #source: globalThis.Response | ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  constructor(source: globalThis.Response | ReadableStream<Uint8Array>) {
    this.#source = source;
  }

  get contentType(): string {
    return "text/event-stream";
  }

  async read(): Promise<Uint8Array | undefined> {
    this.#reader ??= this.#open();
    try {
      return (await this.#reader.read()).value;
    } catch (cause) {
      throw this.#error("stream_truncated", `The connection was lost: ${String(cause)}.`, cause);
    }
  }

  close(): void {
    const body = this.#reader ?? ("body" in this.#source ? this.#source.body : this.#source);
    // It may have failed, or have another reader: neither is ours to report.
    body?.cancel().catch(() => {});
  }

  #open(): ReadableStreamDefaultReader<Uint8Array> {
    this.#checkHeaders();
    const body = "body" in this.#source ? this.#source.body : this.#source;
    if (body === null) throw this.#error("stream_truncated", "The answer has no body.");
    try {
      return body.getReader();
    } catch (cause) {
      throw this.#error("stream_consumed", `The body has a reader already: ${String(cause)}.`, cause);
    }
  }

  #checkHeaders(): void {
    if (!("headers" in this.#source)) return;
    const { ok, status, headers } = this.#source;
    if (!ok) throw this.#error("http_error", `The server answered with status ${status}.`);
    const type = headers.get("content-type") ?? "nothing";
    if (!type.startsWith("text/event-stream")) {
      throw this.#error("stream_protocol", `The server sent ${type}, not text/event-stream.`);
    }
  }

  #error(code: ErrorCode, message: string, cause?: unknown): WickError {
    const status = "status" in this.#source ? { status: this.#source.status } : {};
    return new WickError({ code, message, retryable: code === "stream_truncated", ...status }, { cause });
  }
}
