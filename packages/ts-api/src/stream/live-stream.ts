import { asyncDispose } from "./async-dispose.js";
import type { CallObserver } from "../model/call-observer.js";
import type { Feed } from "./feed.js";
import type { CancelReason, ErrorInfo, Response } from "../generated/protocol.js";
import { isTerminal } from "../response/is-terminal.js";
import { onAbort } from "./on-abort.js";
import type { AgentStream, CompletionOf } from "./response-stream.js";
import type { StreamApprovals } from "./stream-approvals.js";
import { encodeEvent, eventStreamHeaders } from "./server-sent-events.js";
import { errorOfTerminal } from "../error/terminal-error.js";
import { unsupported } from "../error/refusal.js";
import { unreachable } from "./unreachable.js";
import { WickError } from "../error/wick-error.js";

/** What a stream is made of. */
export interface LiveStreamInit<R extends Response> {
  /** Where its responses come from. */
  feed: Feed<R>;
  /** Terminals of this kind of call, for runs that end before their feed begins. */
  terminals: {
    cancelled(reason: CancelReason): R;
    failed(error: ErrorInfo): R;
  };
  signal?: AbortSignal | undefined;
  /** Who is told whether a tool may run. */
  approvals?: StreamApprovals | undefined;
  /** Kept from being collected while the stream is in use: its model. */
  owner?: object | undefined;
}

type Pull<R> = (result: IteratorResult<R, void>) => void;

/** What is left of a stream that nobody can reach any more. */
interface Remains {
  feed: { release(): void };
  unhook: (() => void) | undefined;
}

const forgotten = unreachable<Remains>(({ feed, unhook }) => {
  unhook?.();
  feed.release();
});

/**
 * The one implementation of {@link ResponseStream}, over any feed.
 *
 * It is written as a state machine and not as an async generator: a response that is ready costs one promise and no queue of
 * microtasks, `cancel` reaches a run that nobody is pulling, and `final` can wait beside a reader.
 */
export class LiveStream<R extends Response, C = CompletionOf<R>> implements AgentStream<R, C> {
  readonly #feed: Feed<R>;
  readonly #terminals: LiveStreamInit<R>["terminals"];
  readonly #signal: AbortSignal | undefined;
  readonly #approvals: StreamApprovals | undefined;
  readonly owner: object | undefined;
  #state: "idle" | "running" | "ended" = "idle";
  /** The terminal of a run that ends without its feed. */
  #early: R | undefined;
  #isClaimed = false;
  #isLeft = false;
  /** Nobody pulls any more: the rest is taken for its terminal alone. */
  #isUnread = false;
  /** The pull without an answer. */
  #pull: Pull<R> | undefined;
  /** Whether the feed is to tell when there is more. */
  #isWaiting = false;
  #terminal: R | undefined;
  /** Those who wait for the end. Each has a promise of its own: in Workers it must be of the request that waits. */
  readonly #ends: ((terminal: R) => void)[] = [];
  #unhook: (() => void) | undefined;
  #observer: Required<CallObserver> | undefined;

  constructor({ feed, terminals, signal, approvals, owner }: LiveStreamInit<R>) {
    this.#feed = feed;
    this.#terminals = terminals;
    this.#signal = signal;
    this.#approvals = approvals;
    this.owner = owner;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<R, void, undefined> {
    this.#claim();
    const reader: AsyncIterableIterator<R, void, undefined> = {
      next: () => this.#next(),
      return: () => {
        this.#leave("cancel");
        return Promise.resolve({ done: true, value: undefined });
      },
      throw: (error) => {
        this.#leave("cancel");
        return Promise.reject(error);
      },
      [Symbol.asyncIterator]: () => reader,
    };
    return reader;
  }

  async *text(): AsyncGenerator<string, void, undefined> {
    for await (const response of this) {
      this.denyUnseen(response);
      const piece = textOf(response);
      if (piece !== "") yield piece;
      if (isTerminal(response) && !isWhole(response)) throw errorOfTerminal(response, this.#signal);
    }
  }

  final(): Promise<C> {
    if (!this.#isClaimed) {
      this.#claim();
      this.#isUnread = true;
      this.#goOn();
    }
    const whole = this.#whenEnded().then((terminal) => {
      if (isWhole(terminal)) return terminal.completion as C;
      throw errorOfTerminal(terminal, this.#signal);
    });
    // Asked for and then left alone, it must not end the process; whoever awaits it still sees the error.
    whole.catch(() => {});
    return whole;
  }

  cancel(): void {
    this.#cancel("cancel");
  }

  toReadableStream(): ReadableStream<R> {
    const reader = this[Symbol.asyncIterator]();
    return new ReadableStream<R>(
      {
        pull: async (controller) => {
          const { done, value } = await reader.next();
          if (done !== true) controller.enqueue(value);
          if (this.#state === "ended") controller.close();
        },
        cancel: () => this.#leave("cancel"),
      },
      { highWaterMark: 0 },
    );
  }

  toServerSentEvents(): ReadableStream<Uint8Array> {
    const reader = this[Symbol.asyncIterator]();
    return new ReadableStream(
      {
        type: "bytes",
        pull: async (controller) => {
          const { done, value } = await reader.next();
          if (done !== true) controller.enqueue(encodeEvent(value));
          if (this.#state === "ended") controller.close();
        },
        cancel: () => this.#leave("disconnect"),
      },
      { highWaterMark: 0 },
    );
  }

  toResponse(init: ResponseInit = {}): globalThis.Response {
    return new Response(this.toServerSentEvents(), { ...init, headers: eventStreamHeaders(init.headers) });
  }

  async approve(approvalId: string, options?: { remember?: boolean }): Promise<void> {
    if (this.#approvals === undefined) throw nothingToApprove();
    await this.#approvals.approve(approvalId, options);
  }

  async deny(approvalId: string, options?: { reason?: string; remember?: boolean }): Promise<void> {
    if (this.#approvals === undefined) throw nothingToApprove();
    await this.#approvals.deny(approvalId, options);
  }

  /** Who sees what is taken, before the stream begins. */
  observe(observer: Required<CallObserver>): void {
    this.#observer = observer;
  }

  /** Leaves the stream and waits until its run has ended. */
  async [asyncDispose](): Promise<void> {
    this.#leave("cancel");
    await this.#whenEnded();
  }

  /** Nobody sees what the tool asks, so that nobody could answer. What cannot be sent is denied when its time is up. */
  denyUnseen(response: Response): void {
    if (response.kind !== "agentic_tool_approval_required") return;
    this.#approvals?.deny(response.approvalId, { reason: "Nobody is there to ask." }).catch(() => {});
  }

  #claim(): void {
    if (this.#isClaimed) {
      throw new WickError({
        code: "stream_consumed",
        message: "This stream has its one reader already. Make another stream, or call final() once reading has begun.",
        retryable: false,
      });
    }
    this.#isClaimed = true;
  }

  #next(): Promise<IteratorResult<R, void>> {
    if (this.#isLeft) return Promise.resolve({ done: true, value: undefined });
    if (this.#pull !== undefined) return Promise.reject(busy());
    const response = this.#take();
    if (response !== null) return Promise.resolve(resultOf(response));
    return new Promise((resolve) => {
      this.#pull = resolve;
      this.#wait();
    });
  }

  /** The next response; null: none yet; undefined: none ever again. */
  #take(): R | null | undefined {
    if (this.#state === "ended") return undefined;
    if (this.#state === "idle") this.#start();
    const response = this.#early ?? this.#takeFromFeed();
    if (response === null) return null;
    this.#observer?.response(response);
    if (isTerminal(response)) this.#end(response);
    return response;
  }

  #takeFromFeed(): R | null {
    try {
      return this.#feed.take();
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** A feed does not throw but by a bug, which must not reach the loop either. */
  #failed(error: unknown): R {
    this.#feed.release();
    const message = `The engine could not be asked, or its answer not be read: ${String(error)}. Please report this.`;
    return this.#terminals.failed({ code: "internal", message, retryable: false });
  }

  #start(): void {
    this.#state = "running";
    this.#observer?.begun();
    if (this.#early !== undefined) return;
    if (this.#signal?.aborted === true) {
      this.#early = this.#terminals.cancelled("signal");
      return;
    }
    try {
      this.#feed.start();
    } catch (error) {
      this.#early = this.#failed(error);
      return;
    }
    if (this.#signal !== undefined) this.#unhook = cancelOnAbort(this.#signal, this.#feed);
    forgotten.register(this, { feed: this.#feed, unhook: this.#unhook });
  }

  #end(terminal: R): void {
    this.#state = "ended";
    this.#unhook?.();
    forgotten.unregister(this);
    if (terminal === this.#early || this.#isWaiting) this.#feed.release();
    this.#terminal = terminal;
    for (const tell of this.#ends.splice(0)) tell(terminal);
  }

  #whenEnded(): Promise<R> {
    if (this.#terminal !== undefined) return Promise.resolve(this.#terminal);
    return new Promise((resolve) => {
      this.#ends.push(resolve);
    });
  }

  /** Answers the pull, and takes for nobody what nobody will read, as far as the feed goes. */
  #goOn(): void {
    while (this.#pull !== undefined || this.#isUnread) {
      const response = this.#take();
      if (response === null) return this.#wait();
      if (this.#pull === undefined && response !== undefined) this.denyUnseen(response);
      this.#pull?.(resultOf(response));
      this.#pull = undefined;
      if (response === undefined) return;
    }
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#feed.whenReady(() => {
      this.#isWaiting = false;
      this.#goOn();
    });
  }

  #cancel(reason: CancelReason): void {
    if (this.#state === "idle") this.#early ??= this.#terminals.cancelled(reason);
    else if (this.#state === "running" && this.#early === undefined) this.#feed.cancel(reason);
  }

  /** The reader goes away. */
  #leave(reason: CancelReason): void {
    this.#isLeft = true;
    this.#isClaimed = true;
    this.#isUnread = true;
    this.#cancel(reason);
    // At once, also beside a pull that waits: in Workers the request that waits, in whose turns the engine worked, may be gone.
    this.#goOn();
  }
}

/** The callback holds the feed alone, so that a long-lived signal does not keep forgotten streams. */
function cancelOnAbort(signal: AbortSignal, feed: Pick<Feed<Response>, "cancel">): () => void {
  return onAbort(signal, () => feed.cancel("signal"));
}

function resultOf<R>(response: R | undefined): IteratorResult<R, void> {
  return response === undefined ? { done: true, value: undefined } : { done: false, value: response };
}

function isWhole(response: Response): response is Extract<Response, { kind: "done" | "completion_done" }> {
  return response.kind === "done" || response.kind === "completion_done";
}

/** What choice 0 says in a response; `""` in most kinds. */
function textOf(response: Response): string {
  if (response.kind === "chunk") return response.choices.find(({ index }) => index === 0)?.delta.content ?? "";
  if (response.kind === "completion_chunk") return response.choices.find(({ index }) => index === 0)?.text ?? "";
  return "";
}

function busy(): WickError {
  const message = "This stream is being pulled: its last next() has no answer yet. Wait for that before the next one.";
  return new WickError({ code: "busy", message, retryable: true });
}

function nothingToApprove(): WickError {
  return unsupported("tools", "This version runs no tools, so that there is nothing to approve.");
}
