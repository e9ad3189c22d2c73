import type { ErrorCode } from "../generated/protocol.js";
import { WickError } from "../error/wick-error.js";
import { isTransientStatus, retryAfterMs } from "../remote/retry.js";

/** What an answer of the hub means that is no success, and what to do. */
export function hubError(
  status: number,
  headers: Headers,
  { repository, hasToken }: { repository: string; hasToken: boolean },
): WickError {
  const kind = headers.get("x-error-code");
  const { code, message } = meaningOf(status, kind, repository, hasToken);
  const wait = retryAfterMs(headers, Date.now());
  return new WickError({
    code,
    message,
    where: "source",
    retryable: isTransientStatus(status),
    status,
    details: { repository },
    ...(wait !== undefined && { retryAfterMs: wait }),
  });
}

function meaningOf(
  status: number,
  kind: string | null,
  repository: string,
  hasToken: boolean,
): { code: ErrorCode; message: string } {
  const login = hasToken ? "the token that was given may not read it" : "set HF_TOKEN, or pass options.hub.token";
  switch (kind) {
    case "GatedRepo":
      return {
        code: "unauthorized",
        message: `${repository} asks for agreement first: agree on its page at the hub; then ${login}.`,
      };
    case "RevisionNotFound":
      return { code: "not_found", message: `${repository} has no such revision: check source.revision.` };
    case "EntryNotFound":
      return { code: "not_found", message: `${repository} has no such file: check its name.` };
    case "RepoNotFound":
      return {
        code: "not_found",
        message: `The hub has no ${repository}, or it is private: check the name; if it is private, ${login}.`,
      };
  }
  if (status === 401 || status === 403) {
    return { code: "unauthorized", message: `The hub does not show ${repository} (${status}): ${login}.` };
  }
  if (status === 404) return { code: "not_found", message: `The hub has no ${repository} (404): check the name.` };
  if (status === 429)
    return { code: "rate_limited", message: "The hub takes no more requests for now (429): try again later." };
  return { code: "download_failed", message: `The hub answered with status ${status} for ${repository}.` };
}

/** A download that could not be made, for a reason that may pass. */
export function downloadFailed(message: string, cause?: unknown): WickError {
  return new WickError({ code: "download_failed", message, where: "source", retryable: true }, { cause });
}

/** A server that does not keep to the rules, and will not the next time. */
export function notAsAsked(message: string): WickError {
  return new WickError({ code: "download_failed", message, where: "source", retryable: false });
}

/** What the file system says of a cache. */
export function cacheError(error: unknown, path: string): unknown {
  if (WickError.isInstance(error) || !(error instanceof Error) || !("code" in error)) return error;
  const isFull = error.code === "ENOSPC" || error.code === "EDQUOT";
  const message = isFull
    ? `There is no room for ${path}: free some, or set HF_HUB_CACHE to a disk that has it.`
    : `${path} could not be written or read (${String(error.code)}): check who may, or set HF_HUB_CACHE.`;
  return new WickError(
    { code: isFull ? "disk_full" : "io_error", message, where: "source", retryable: false },
    { cause: error },
  );
}
