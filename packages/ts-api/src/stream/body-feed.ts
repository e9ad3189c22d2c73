import { BodyText } from "./body-text.js";
import type { Feed } from "./feed.js";
import type { CancelReason, ErrorInfo, Response } from "../generated/protocol.js";
import { isRefusal } from "../error/refusal.js";
import { ResponseQueue } from "./response-queue.js";
import { RunEndings } from "./run-endings.js";
import type { WireReader } from "./wire-reader.js";
import { WickError } from "../error/wick-error.js";

/** Where the bytes of one run come from. */
export interface RunBody {
  /** Of its headers; known once a byte was read. */
  readonly contentType: string | null;
  /**
   * The next bytes; undefined: it has ended. Opens it where that was not done.
   *
   * @throws {@link WickError}
   */
  read(): Promise<Uint8Array | undefined>;
  /**
   * After a failure, of which nothing was delivered: whether another try is made. It is waited for in here.
   *
   * @throws {@link WickError} where that takes too long.
   */
  retry?(error: WickError): Promise<boolean>;
  /**
   * Nothing more is read. Idempotent.
   *
   * @param hasEnded - The answer has come to its end, and the body will in a moment.
   */
  close(hasEnded?: boolean): void;
}

/** What a feed over a body is made of. */
export interface BodyFeedInit<R extends Response> {
  body: RunBody;
  /** Reads the wire form into the queue; a new one for every try. */
  reader(queue: ResponseQueue<R>, endings: RunEndings): WireReader;
  kind: "chat" | "completion";
  /** The model's name, until a response says it. */
  model: string;
  timeoutMs?: number | undefined;
  /** Called when it begins. */
  onStart?: (() => void) | undefined;
  /** Called once nothing more comes. */
  onRelease?: (() => void) | undefined;
}

/** A run elsewhere, read from the body of an answer. Reads only when pulled. */
export class BodyFeed<R extends Response> implements Feed<R> {
  readonly #body: RunBody;
  readonly #makeReader: () => WireReader;
  readonly #timeoutMs: number | undefined;
  readonly #onStart: (() => void) | undefined;
  readonly #onRelease: (() => void) | undefined;
  readonly #queue: ResponseQueue<R>;
  readonly #endings: RunEndings;
  #text: BodyText;
  #isReading = false;
  #isReleased = false;
  /** Whether the reader of the stream has had anything. */
  #hasDelivered = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ body, reader, kind, model, timeoutMs, onStart, onRelease }: BodyFeedInit<R>) {
    this.#body = body;
    this.#timeoutMs = timeoutMs;
    this.#onStart = onStart;
    this.#onRelease = onRelease;
    this.#queue = new ResponseQueue(model);
    this.#endings = new RunEndings(this.#queue.delivered, kind);
    this.#makeReader = () => reader(this.#queue, this.#endings);
    this.#text = new BodyText(this.#makeReader());
  }

  start(): void {
    this.#onStart?.();
    if (this.#timeoutMs !== undefined) this.#timer = setTimeout(() => this.cancel("timeout"), this.#timeoutMs);
  }

  take(): R | null {
    const response = this.#queue.take();
    this.#hasDelivered ||= response !== null;
    return response;
  }

  whenReady(resume: () => void): void {
    this.#queue.whenReady(resume);
    void this.#read();
  }

  cancel(reason: CancelReason): void {
    this.#queue.cancel(this.#ending(() => this.#endings.cancelled(reason)));
    this.release();
  }

  /** Ends the run by an error, after what has come. */
  fail(error: ErrorInfo): void {
    if (this.#isReleased) return;
    this.#queue.end(
      this.#ending(() => (isRefusal(error) ? this.#endings.refused(error) : this.#endings.failed(error))),
    );
    this.release();
  }

  release(): void {
    this.#close(false);
  }

  #close(hasEnded: boolean): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    clearTimeout(this.#timer);
    this.#body.close(hasEnded);
    this.#onRelease?.();
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.#isReleased && !this.#queue.isReady) {
      try {
        await this.#readMore();
      } catch (error) {
        await this.#endBy(error);
      }
      if (this.#queue.isEnded) this.#close(true);
    }
    this.#isReading = false;
  }

  async #readMore(): Promise<void> {
    const bytes = await this.#body.read();
    // Cancelled meanwhile: its end is known.
    if (this.#isReleased) return;
    const { contentType } = this.#body;
    if (bytes === undefined) this.#text.end(contentType);
    else this.#text.read(bytes, contentType);
  }

  async #endBy(error: unknown): Promise<void> {
    if (this.#isReleased) return;
    if (!WickError.isInstance(error)) return this.fail(bug(error));
    const isUntouched = !this.#hasDelivered && !this.#queue.isReady;
    try {
      const triesAgain = isUntouched && (await this.#body.retry?.(error)) === true;
      if (triesAgain) this.#text = new BodyText(this.#makeReader());
      else this.fail(error.info);
    } catch (late) {
      this.fail(WickError.isInstance(late) ? late.info : bug(late));
    }
  }

  /** The kinds that a run of this kind ends with are among those of `R`. */
  #ending(ending: () => Response): () => R {
    return ending as () => R;
  }
}

function bug(error: unknown): ErrorInfo {
  const message = `The host's answer could not be read: ${String(error)}. Please report this.`;
  return { code: "internal", message, retryable: false };
}
