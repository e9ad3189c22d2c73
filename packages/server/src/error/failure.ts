import { type ErrorInfo, WickError } from "wick";
import { statusOf } from "./status.js";

/** What is wrong with a request, as an exception that ends its handling. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly info: ErrorInfo;
  readonly status: number;
  /** Beside those that every error has. */
  readonly headers: Readonly<Record<string, string>>;
  /** What had been generated, in the words of the wire. */
  readonly partial: object | undefined;
  /** Whose names the path in `where` has. */
  readonly words: "wire" | "wick";

  /** @param options - A status other than its code's, and what else there is to say. */
  constructor(
    info: ErrorInfo,
    options: {
      status?: number;
      headers?: Readonly<Record<string, string>>;
      partial?: object;
      words?: "wire" | "wick";
      cause?: unknown;
    } = {},
  ) {
    super(info.message, "cause" in options ? { cause: options.cause } : undefined);
    this.info = info;
    this.status = options.status ?? statusOf(info.code);
    this.headers = options.headers ?? {};
    this.partial = options.partial;
    this.words = options.words ?? "wire";
  }
}

/** A request whose field `where` is wrong. */
export function invalid(where: string, message: string, status?: number): Failure {
  return new Failure(
    { code: "invalid_request", message, where, retryable: false },
    status === undefined ? {} : { status },
  );
}

/** A request that asks for what this server does not have. */
export function unsupported(where: string, message: string): Failure {
  return new Failure({ code: "unsupported", message, where, retryable: false });
}

/** What was not found. */
export function notFound(message: string, where?: string): Failure {
  return new Failure({ code: "not_found", message, ...(where !== undefined && { where }), retryable: false });
}

/** What anything that was thrown says to a client. A bug says no more than that it is one: its words may hold paths or prompts. */
export function failureFrom(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (WickError.isInstance(error)) return new Failure(error.info, { words: "wick" });
  const message = "The server failed at this request. The log has the reason, under the request's id.";
  return new Failure({ code: "internal", message, retryable: false });
}
