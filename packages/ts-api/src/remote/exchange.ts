import { onAbort } from "../stream/on-abort.js";
import { WickError } from "../error/wick-error.js";
import { withoutNodeTimeouts } from "./node-fetch.js";
import { connectionFailed, lost, movedAway, timedOut } from "./transport-error.js";

/** What is sent, and how long is waited for its answer. */
export interface ExchangeInit {
  url: URL;
  headers: Headers;
  body: string;
  fetch: typeof globalThis.fetch;
  /** Until the headers. */
  connectTimeoutMs: number;
  /** Between two pieces of the body. */
  idleTimeoutMs: number;
  /** Nobody waits for it any more. */
  signal: AbortSignal;
}

/** Redirects to other places of the same host are followed so often. */
const mostRedirects = 5;
/** How long the end of a body is waited for whose content has ended, so that its connection can be used again. */
const graceMs = 50;

/** One request and its answer, over any `fetch`. */
export class Exchange {
  readonly response: globalThis.Response;
  readonly #idleTimeoutMs: number;
  readonly #abort: AbortController;
  readonly #unhook: () => void;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  private constructor(
    response: globalThis.Response,
    { idleTimeoutMs }: ExchangeInit,
    { abort, unhook }: { abort: AbortController; unhook: () => void },
  ) {
    this.response = response;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#abort = abort;
    this.#unhook = unhook;
    // A body that a program's own `fetch` made may know nothing of the signal.
    abort.signal.addEventListener("abort", () => {
      (this.#reader ?? response.body)?.cancel().catch(() => {});
    });
  }

  /**
   * Sends, and waits for the headers.
   *
   * @throws {@link WickError} `connection_failed`, `timeout`, or `http_error` for a redirect to another host.
   */
  static async open(init: ExchangeInit): Promise<Exchange> {
    const abort = new AbortController();
    const unhook = onAbort(init.signal, () => abort.abort(init.signal.reason));
    const late = () => abort.abort(timedOut("connectTimeoutMs", init.connectTimeoutMs, init.url));
    const timer = setTimeout(late, init.connectTimeoutMs);
    try {
      if (init.signal.aborted) abort.abort(init.signal.reason);
      return new Exchange(await send(init, abort.signal), init, { abort, unhook });
    } catch (error) {
      unhook();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The next piece of the body; undefined: it has ended.
   *
   * @throws {@link WickError} `stream_truncated` where the connection was lost, `timeout`.
   */
  async read(): Promise<Uint8Array | undefined> {
    this.#reader ??= this.response.body?.getReader();
    const late = () =>
      this.#end(timedOut("idleTimeoutMs", this.#idleTimeoutMs, new URL(this.response.url || "about:blank")));
    const timer = setTimeout(late, this.#idleTimeoutMs);
    try {
      const piece = await this.#reader?.read();
      if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
      return piece?.value;
    } catch (cause) {
      const { aborted, reason } = this.#abort.signal;
      throw aborted && WickError.isInstance(reason) ? reason : lost(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The beginning of the body as text, for an answer that is no success. What is wrong with it is no matter then. */
  async text(longest: number): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    try {
      while (text.length < longest) {
        const piece = await this.read();
        if (piece === undefined) break;
        text += decoder.decode(piece, { stream: true });
      }
    } catch (error) {
      if (!WickError.isInstance(error)) throw error;
    }
    this.close();
    return text.slice(0, longest);
  }

  /** Closes the connection. Idempotent. */
  close(): void {
    this.#end(undefined);
  }

  /** Nothing more is needed of the body, whose end may be on its way. */
  async finish(): Promise<void> {
    const timer = setTimeout(() => this.close(), graceMs);
    try {
      while ((await this.read()) !== undefined);
    } catch (error) {
      if (!WickError.isInstance(error)) throw error;
    } finally {
      clearTimeout(timer);
      this.#unhook();
    }
  }

  #end(reason: WickError | undefined): void {
    this.#unhook();
    this.#abort.abort(reason);
  }
}

/** Sends, and follows where the same host says. */
async function send({ url, headers, body, fetch }: ExchangeInit, signal: AbortSignal): Promise<globalThis.Response> {
  let at = url;
  for (let redirects = 0; ; redirects += 1) {
    const init = { method: "POST", headers, body, signal, redirect: "manual" as const };
    const response = await answered(fetch, at, init);
    const target = redirectOf(response, at);
    if (target === undefined) return response;
    void response.body?.cancel().catch(() => {});
    // Keys, and what the program says, are for the host that it named; and another method would not say it.
    const stays = target !== "unknown" && target.host === at.host && !isLess(target, at);
    if (!stays || redirects === mostRedirects || ![307, 308].includes(response.status)) {
      throw movedAway(at, target, response.status);
    }
    at = target;
  }
}

async function answered(fetch: typeof globalThis.fetch, url: URL, init: RequestInit & { signal: AbortSignal }) {
  const { signal } = init;
  const isOurs = fetch === globalThis.fetch;
  try {
    signal.throwIfAborted();
    // Called as a global function: Workers refuse it as a method.
    const answer = fetch(url, isOurs ? { ...init, ...withoutNodeTimeouts() } : init);
    return await unlessAborted(answer, signal);
  } catch (cause) {
    if (signal.aborted && WickError.isInstance(signal.reason)) throw signal.reason;
    throw connectionFailed(url, cause);
  }
}

/** A `fetch` that does not know the signal is not waited for, and what it brings later is closed. */
function unlessAborted(answer: Promise<globalThis.Response>, signal: AbortSignal): Promise<globalThis.Response> {
  return new Promise((resolve, reject) => {
    const unhook = onAbort(signal, () => {
      answer.then((late) => late.body?.cancel()).catch(() => {});
      reject(signal.reason);
    });
    answer.then(resolve, reject).finally(unhook);
  });
}

/** Where an answer sends to; "unknown" in browsers, which keep it to themselves. */
function redirectOf({ type, status, headers }: globalThis.Response, from: URL): URL | "unknown" | undefined {
  if (type === "opaqueredirect") return "unknown";
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const location = headers.get("location") ?? "";
  return URL.canParse(location, from.href) ? new URL(location, from) : "unknown";
}

function isLess(target: URL, from: URL): boolean {
  return from.protocol === "https:" && target.protocol !== "https:";
}
