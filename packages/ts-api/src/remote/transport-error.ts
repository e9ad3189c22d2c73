import { WickError } from "../error/wick-error.js";

/** A limit of the transport ran out. */
export function timedOut(
  option: "connectTimeoutMs" | "idleTimeoutMs" | "totalTimeoutMs",
  ms: number,
  url?: URL,
): WickError {
  const host = url === undefined || url.host === "" ? "The host" : url.host;
  const what = {
    connectTimeoutMs: "did not begin to answer",
    idleTimeoutMs: "said nothing more",
    totalTimeoutMs: "did not end its answer",
  }[option];
  return new WickError({
    code: "timeout",
    message: `${host} ${what} within ${ms} ms. Ask again, or give it more time by ${option}.`,
    retryable: true,
    details: { [option]: ms },
  });
}

/** No connection, or none that lasted to the headers. */
export function connectionFailed(url: URL, cause: unknown): WickError {
  return new WickError(
    {
      code: "connection_failed",
      message: `${url.origin} could not be reached (${reasonOf(cause)}). Check baseURL and the network; in a browser the host must allow the page's origin (CORS).`,
      retryable: true,
    },
    { cause },
  );
}

/** A connection that broke in the middle of a body. */
export function lost(cause: unknown): WickError {
  return new WickError(
    {
      code: "stream_truncated",
      message: `The connection was lost in the middle of the answer (${reasonOf(cause)}). Ask again; what came is in the partial answer.`,
      retryable: true,
    },
    { cause },
  );
}

/** A redirect that is not followed. */
export function movedAway(from: URL, to: URL | "unknown", status: number): WickError {
  const target =
    to === "unknown" ? "another address" : to.origin === from.origin ? `${to.origin}${to.pathname}` : to.origin;
  return new WickError({
    code: "http_error",
    message: `${from.origin} redirects to ${target}, where keys and prompts are not sent to. If that is right, make it the baseURL.`,
    retryable: false,
    ...(status !== 0 && { status }),
  });
}

/** What the runtime calls it, and not the address, which may hold what is nobody's business. */
function reasonOf(error: unknown): string {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 4; depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
    at = "cause" in at ? at.cause : undefined;
  }
  return error instanceof Error ? error.name : "unknown reason";
}
