import { type ErrorInfo, type ResponseStream, WickError, type WickResponse, isTerminal } from "wick";
import type { Exchange } from "./exchange.js";

/** What is needed of a stream. `final` tells what was computed for a reader who has gone. */
export type ReadableRun<R extends WickResponse> = Pick<
  ResponseStream<R, unknown>,
  "cancel" | typeof Symbol.asyncIterator
> &
  Partial<Pick<ResponseStream<R, unknown>, "final">>;

/** What a run is made of, besides its stream. */
interface RunInit {
  exchange: Exchange;
  /** How many of its model had ended when it began. */
  endedBefore: number;
  /** Called once, when nothing more is generated. */
  onEnd(): void;
  /** Called with what the model ended it with. */
  onFailure(error: ErrorInfo): void;
}

/** How a generation ends whose reader has gone. */
const disconnected = "disconnected";

/**
 * A generation on its way to a client: a stream with one reader, which says to its exchange what comes by.
 */
export class Run<R extends WickResponse = WickResponse> {
  readonly exchange: Exchange;
  /** How many of its model had ended when it began. */
  readonly endedBefore: number;
  readonly #stream: ReadableRun<R>;
  readonly #reader: AsyncIterator<R, void, undefined>;
  readonly #onEnd: (() => void)[];
  readonly #onFailure: RunInit["onFailure"];
  /** The first response, asked for before its turn. */
  #peeked: Promise<R | undefined> | undefined;
  #hasEnded = false;
  #tellLeft: () => void = () => {};
  /** Settles when its client has gone, and it is known what was computed for it. */
  readonly left = new Promise<void>((resolve) => {
    this.#tellLeft = resolve;
  });

  /** Whether its client went away before its end. */
  get isLeft(): boolean {
    return this.exchange.end === disconnected;
  }

  /** Whether there was no room for it. */
  get isRefused(): boolean {
    return this.exchange.errorCode === "queue_full";
  }

  constructor(stream: ReadableRun<R>, { exchange, endedBefore, onEnd, onFailure }: RunInit) {
    this.exchange = exchange;
    this.#onFailure = onFailure;
    this.endedBefore = endedBefore;
    this.#stream = stream;
    this.#reader = stream[Symbol.asyncIterator]();
    this.#onEnd = [onEnd];
  }

  /** The next response, the terminal last; undefined after it. */
  next(): Promise<R | undefined> {
    const peeked = this.#peeked;
    this.#peeked = undefined;
    return peeked ?? this.#pull();
  }

  /** The first response, if it comes within so many milliseconds. It stays the next one. */
  async first(withinMs: number): Promise<R | undefined> {
    this.#peeked ??= this.#pull();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), withinMs);
    });
    const first = await Promise.race([this.#peeked, late]);
    clearTimeout(timer);
    return first;
  }

  /** Reads to the end. */
  async terminal(): Promise<R> {
    for (;;) {
      const response = await this.next();
      if (response === undefined) throw new Error("A stream ended without a terminal.");
      if (isTerminal(response)) return response;
    }
  }

  /** Calls `tell` when nothing more is generated. */
  onEnd(tell: () => void): void {
    this.#onEnd.push(tell);
  }

  /** The run ends with `cancelled`, which its reader still gets. */
  cancel(): void {
    this.#stream.cancel();
  }

  /** The client is gone: the sequence is freed, and nobody reads what is left. */
  async leave(): Promise<void> {
    const hadEnded = this.#hasEnded;
    if (!hadEnded) this.exchange.end = disconnected;
    this.#end();
    void this.#reader.return?.();
    if (!hadEnded) {
      await this.#stream.final?.().catch((error: unknown) => {
        if (WickError.isInstance(error)) this.exchange.usage = error.partial?.usage;
      });
    }
    this.#tellLeft();
  }

  async #pull(): Promise<R | undefined> {
    const { done, value } = await this.#reader.next();
    if (done === true) return undefined;
    const response = this.#outOfTime(value);
    this.#see(response);
    return response;
  }

  /** Who gave a request only so much time is still there to read that it is up. */
  #outOfTime(response: R): R {
    const { signal } = this.exchange;
    const isLate = signal?.aborted === true && (signal.reason as { name?: unknown } | null)?.name === "TimeoutError";
    return isLate && response.kind === "cancelled" ? { ...response, reason: "timeout" } : response;
  }

  #see(response: R): void {
    const { exchange } = this;
    switch (response.kind) {
      case "chunk":
      case "completion_chunk":
        exchange.responseId ??= response.id;
        exchange.chunk();
        return;
      case "prompt_progress":
      case "agentic_tool_call_progress":
      case "agentic_tool_approval_required":
        return;
      case "validation_error":
      case "model_error":
      case "internal_error":
      case "completion_model_error":
        exchange.failed(response.error);
        this.#onFailure(response.error);
        if (response.kind !== "validation_error" && "usage" in response.partial)
          exchange.usage = response.partial.usage;
        break;
      case "cancelled":
        if ("usage" in response.partial) exchange.usage = response.partial.usage;
        // By the signal of its request: nobody else has it.
        if (response.reason === "signal" || response.reason === "disconnect") exchange.end = disconnected;
        break;
      case "done":
      case "completion_done":
        exchange.responseId ??= response.completion.id;
        exchange.usage = response.completion.usage;
        break;
      case "embeddings":
      case "raw":
        break;
    }
    exchange.end ??= response.kind;
    this.#end();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const tell of this.#onEnd) tell();
  }
}

/** The error of a run that came to nothing, if `response` is one. */
export function failureOf(response: WickResponse): ErrorInfo | undefined {
  switch (response.kind) {
    case "validation_error":
    case "model_error":
    case "internal_error":
    case "completion_model_error":
      return response.error;
    case "cancelled":
      return errorOfCancelled(response);
    case "chunk":
    case "completion_chunk":
    case "prompt_progress":
    case "agentic_tool_call_progress":
    case "agentic_tool_approval_required":
    case "done":
    case "completion_done":
    case "embeddings":
    case "raw":
      return undefined;
  }
}

/** Only this server cancels what has a reader: when it shuts down. */
function errorOfCancelled({ reason }: Extract<WickResponse, { kind: "cancelled" }>): ErrorInfo {
  switch (reason) {
    case "timeout":
      return { code: "timeout", message: "The answer took longer than it may.", retryable: true };
    case "cancel":
      return { code: "engine_closed", message: "The server is shutting down.", retryable: true };
    case "signal":
    case "disconnect":
      return { code: "cancelled", message: "The client went away.", retryable: false };
  }
}
