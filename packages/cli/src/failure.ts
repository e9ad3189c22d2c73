import type { ErrorInfo } from "wick";

/** The command line, a variable or a file of the user is wrong: nothing was started, and the program ends with code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** It did not work, for a reason that the user can act on: the program ends with code 1. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** Says an error to the user: what is wrong and what to do, and no stack. */
export function errorText(error: unknown): string {
  if (error instanceof UsageError || error instanceof Failure) return error.message;
  const info = errorInfo(error);
  if (info !== undefined) return infoText(info);
  if (isSystemError(error)) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `${message}\nThis is a mistake in wick itself. Please report it; with WICK_DEBUG=1 it says where it is.`;
}

/** An error of the engine or of a host, in the words of both. */
export function infoText({ code, message, where, upstream }: ErrorInfo): string {
  const words = upstream?.message;
  const said = words === undefined || message.includes(words) ? "" : `\nThe host says: ${words}`;
  const place = where === undefined || message.includes(where) ? "" : ` (at ${where})`;
  return `${message}${place}${said} [${code}]`;
}

/** By structure, so that `wick` need not be loaded to say that something else is wrong. */
function errorInfo(error: unknown): ErrorInfo | undefined {
  if (!(error instanceof Error) || !("info" in error) || !("code" in error)) return undefined;
  const { info } = error;
  return typeof info === "object" && info !== null && "message" in info && "code" in info
    ? (info as ErrorInfo)
    : undefined;
}

/** Of Node: `ENOENT: no such file or directory, open 'x'`. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
