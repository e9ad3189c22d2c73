import type { ErrorCode, ErrorInfo, Usage } from "wick";
import type { Caller } from "../access/api-keys.js";
import type { ServerLog } from "../log.js";
import type { Metrics } from "../metrics.js";

/** What exchanges tell, and the clock they go by. */
export interface Watchers {
  log: ServerLog | undefined;
  metrics: Metrics | undefined;
  /** Milliseconds, monotonic. */
  now(): number;
}

/** One request and its answer, from the first byte that was read to the last that was sent. */
export class Exchange {
  readonly requestId: string;
  readonly method: string;
  readonly watchers: Watchers;
  readonly #startedMs: number;
  /** Of its request: fires when the client is gone, or the time that the program gives it. */
  signal: AbortSignal | undefined;
  /** The pattern of its route; `none` where there is none. */
  route = "none";
  caller: Caller = { name: "anonymous" };
  /** The name of the model, where it asked for one. */
  model: string | undefined;
  responseId: string | undefined;
  /** Whether the answer goes on after its headers: it is over when its stream is. */
  isStreamed = false;
  /** How its generation ended. */
  end: string | undefined;
  errorCode: ErrorCode | undefined;
  usage: Usage | undefined;
  #firstTokenMs: number | undefined;
  #lastChunkMs: number | undefined;
  #isOver = false;

  constructor(requestId: string, method: string, watchers: Watchers) {
    this.requestId = requestId;
    this.method = method;
    this.watchers = watchers;
    this.#startedMs = watchers.now();
  }

  /** For what goes on when this one is over. */
  inBackground(): Exchange {
    const exchange = new Exchange(this.requestId, this.method, this.watchers);
    exchange.route = `${this.route} (background)`;
    exchange.caller = this.caller;
    exchange.model = this.model;
    return exchange;
  }

  /** A piece of the answer is there. */
  chunk(): void {
    const { metrics } = this.watchers;
    const now = this.watchers.now();
    const model = this.model ?? "";
    if (this.#firstTokenMs === undefined) {
      this.#firstTokenMs = now - this.#startedMs;
      metrics?.firstToken?.(model, this.#firstTokenMs / 1000);
    } else if (this.#lastChunkMs !== undefined) {
      metrics?.interToken?.(model, (now - this.#lastChunkMs) / 1000);
    }
    this.#lastChunkMs = now;
  }

  /** It was refused, or failed. */
  failed(info: ErrorInfo): void {
    this.errorCode = info.code;
  }

  /** It is over. Idempotent. */
  over(status: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { requestId, method, route, model, end, errorCode, usage, watchers } = this;
    const durationMs = watchers.now() - this.#startedMs;
    watchers.metrics?.requestEnded?.({
      route,
      method,
      status,
      seconds: durationMs / 1000,
      model,
      end,
      errorCode,
      usage,
    });
    watchers.log?.({
      event: "request_ended",
      requestId,
      method,
      route,
      status,
      durationMs: rounded(durationMs),
      caller: this.caller.name,
      ...(model !== undefined && { model }),
      ...(this.responseId !== undefined && { responseId: this.responseId }),
      ...(model !== undefined && { isStreamed: this.isStreamed }),
      ...(end !== undefined && { end }),
      ...(errorCode !== undefined && { errorCode }),
      ...(usage !== undefined && { usage }),
      ...(this.#firstTokenMs !== undefined && { firstTokenMs: rounded(this.#firstTokenMs) }),
    });
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
