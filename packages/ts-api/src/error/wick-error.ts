import type { ChatCompletion, Completion, ErrorCode, ErrorInfo } from "../generated/protocol.js";

/** The same in every copy of the package, so that an error of one is known to the other. */
const brand: unique symbol = Symbol.for("wick.WickError");

/**
 * The one class Wick throws: from `load`, `connect`, `complete`, `parse`, `final` and `text`, and for misuse. Never from
 * iterating a stream: there, what went wrong is a response.
 *
 * @example
 * ```ts
 * try {
 *   const { choices: [{ message }] } = await model.chat.complete({ messages });
 * } catch (error) {
 *   if (!WickError.isInstance(error)) throw error;
 *   if (error.code === "context_overflow") console.error(error.info.details);
 *   console.error(error.message, error.partialText);
 * }
 * ```
 */
export class WickError extends Error {
  /** `AbortError` for code `cancelled`, since libraries test that name (`cause` is then the signal's reason), else `WickError`. */
  override readonly name: string;
  /** What went wrong, as a stable string. */
  readonly code: ErrorCode;
  /** What went wrong, where, and what to do, as plain data. */
  readonly info: ErrorInfo;
  /** What had been delivered. Narrow it by `object`. Absent where nothing was generated. */
  declare readonly partial?: ChatCompletion | Completion;

  /**
   * For tests, and for code that stands in for Wick.
   *
   * @param info - What went wrong.
   * @param options - What had been delivered, and what caused it.
   */
  constructor(info: ErrorInfo, options: { partial?: ChatCompletion | Completion | undefined; cause?: unknown } = {}) {
    super(info.message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = info.code === "cancelled" ? "AbortError" : "WickError";
    this.code = info.code;
    this.info = info;
    if (options.partial !== undefined) this.partial = options.partial;
    Object.defineProperty(this, brand, { value: true });
  }

  /** The text of choice 0 that had been delivered; `""` without a partial. */
  get partialText(): string {
    if (this.partial === undefined) return "";
    return this.partial.object === "chat.completion"
      ? this.partial.choices[0].message.content
      : this.partial.choices[0].text;
  }

  /**
   * Whether `error` is a WickError, of this copy of the package or another; `instanceof` knows its own copy alone.
   *
   * @param error - Whatever was thrown.
   *
   * @example
   * ```ts
   * if (WickError.isInstance(error) && error.code === "queue_full") await sleep(error.info.retryAfterMs ?? 1000);
   * ```
   */
  static isInstance(error: unknown): error is WickError {
    return typeof error === "object" && error !== null && brand in error;
  }
}
