import type { RunBody } from "../stream/body-feed.js";
import { protocolError } from "../stream/protocol-error.js";
import { WickError } from "../error/wick-error.js";
import type { Exchange } from "./exchange.js";
import type { Host, HostRequest } from "./host.js";
import { backoffMs, isTransientStatus, longestWaitMs } from "./retry.js";
import { sleep } from "./sleep.js";
import { timedOut } from "./transport-error.js";

/** Two thousand vectors of three thousand numbers are half of that. */
const longestText = 256 * 1024 * 1024;

/** The answer of a host to one request, which is sent when it is first read, and again as long as that may help. */
export class HostBody implements RunBody {
  readonly #host: Host;
  readonly #request: HostRequest;
  readonly #life = new AbortController();
  readonly #urls: URL[];
  #exchange: Exchange | undefined;
  #redact: (text: string) => string = (text) => text;
  /** Times that it was sent. */
  #tries = 0;
  #asked: URL | undefined;
  /** The connection broke while the body was read. */
  #lost: WickError | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, request: HostRequest) {
    this.#host = host;
    this.#request = request;
    this.#urls = host.endpoints.inOrder(request.conversation, Date.now());
  }

  get contentType(): string | null {
    return this.#exchange?.response.headers.get("content-type") ?? null;
  }

  /** Keeps keys out of the host's words. */
  redact(text: string): string {
    return this.#redact(text);
  }

  async read(): Promise<Uint8Array | undefined> {
    const exchange = (this.#exchange ??= await this.#open());
    try {
      return await exchange.read();
    } catch (error) {
      if (WickError.isInstance(error) && error.code === "stream_truncated") this.#lost = error;
      throw this.#own(error);
    }
  }

  async retry(error: WickError): Promise<boolean> {
    this.#exchange?.close();
    this.#exchange = undefined;
    const isWorthIt = this.#isTransient(error) && !this.#life.signal.aborted;
    if (isWorthIt && this.#asked !== undefined) this.#host.endpoints.failed(this.#asked, Date.now());
    if (!isWorthIt || this.#tries >= this.#host.maxRetries + this.#urls.length) return false;
    // Another host need not be waited for.
    if (this.#tries < this.#urls.length) return true;
    const { retryAfterMs = 0 } = error.info;
    if (retryAfterMs > longestWaitMs) return false;
    const backoff = backoffMs(this.#tries - this.#urls.length + 1, Math.random());
    const hasSlept = await sleep(Math.max(retryAfterMs, backoff), this.#life.signal);
    const end = this.#own(error);
    if (end !== error) throw end;
    return hasSlept;
  }

  close(hasEnded = false): void {
    clearTimeout(this.#timer);
    if (hasEnded && this.#exchange !== undefined) void this.#exchange.finish();
    else this.#life.abort();
  }

  /**
   * The whole body as text.
   *
   * @throws {@link WickError} `stream_protocol` for one that has no end in sight.
   */
  async text(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const piece = await this.read();
      if (piece === undefined) return text + decoder.decode();
      text += decoder.decode(piece, { stream: true });
      if (text.length > longestText) throw protocolError("The host's answer is longer than 256 MiB", text);
    }
  }

  async #open(): Promise<Exchange> {
    const { totalTimeoutMs } = this.#host;
    if (totalTimeoutMs !== undefined) {
      this.#timer ??= setTimeout(() => this.#life.abort(timedOut("totalTimeoutMs", totalTimeoutMs)), totalTimeoutMs);
    }
    // Each address in turn, then again. There is one at least.
    const url = this.#urls[this.#tries % this.#urls.length] as URL;
    this.#asked = url;
    this.#tries += 1;
    try {
      const { exchange, redact } = await this.#host.send(this.#request, url, this.#life.signal);
      this.#redact = redact;
      return exchange;
    } catch (error) {
      throw this.#own(error);
    }
  }

  /** What our own limit ended looks like a lost connection. */
  #own(error: unknown): unknown {
    const { aborted, reason } = this.#life.signal;
    return aborted && WickError.isInstance(reason) ? reason : error;
  }

  #isTransient(error: WickError): boolean {
    const { code, status } = error.info;
    if (code === "connection_failed" || error === this.#lost) return true;
    // Only an answer that was no success has one.
    return status !== undefined && isTransientStatus(status);
  }
}
