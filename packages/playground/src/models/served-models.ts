import { type ErrorInfo, WickError } from "wick/remote";

/** Asked for so long. */
const patienceMs = 15_000;

/**
 * The names of the models that the server has.
 *
 * @param base - The address of its API, which ends in `/v1`.
 * @throws WickError `unauthorized` where a key is missing or wrong, `connection_failed`, `timeout`, `http_error`, `stream_protocol`.
 */
export async function servedModels(base: string, key: string | undefined): Promise<readonly string[]> {
  const response = await answerOf(`${base}/models`, key);
  if (response.status === 401 || response.status === 403) {
    throw refusal({
      code: "unauthorized",
      message: "The server wants a key.",
      retryable: false,
      status: response.status,
    });
  }
  if (!response.ok) {
    const message = `The server answered with status ${response.status} when it was asked for its models.`;
    throw refusal({ code: "http_error", message, retryable: true, status: response.status });
  }
  const list: unknown = await response.json().catch(() => {});
  const names = namesOf(list);
  if (names !== undefined) return names;
  const message = "The server's list of models is not one: there may be something else at this address.";
  throw refusal({ code: "stream_protocol", message, retryable: false });
}

async function answerOf(url: string, key: string | undefined): Promise<globalThis.Response> {
  try {
    return await fetch(url, {
      headers: { accept: "application/json", ...(key !== undefined && { authorization: `Bearer ${key}` }) },
      signal: AbortSignal.timeout(patienceMs),
      cache: "no-store",
    });
  } catch (cause) {
    const isLate = cause instanceof Error && cause.name === "TimeoutError";
    const message = isLate
      ? `The server did not answer within ${patienceMs / 1000} s.`
      : "The server could not be reached. Is it running?";
    throw refusal({ code: isLate ? "timeout" : "connection_failed", message, retryable: true });
  }
}

function refusal(error: ErrorInfo): WickError {
  return new WickError(error);
}

/** `{ data: [{ id }] }` */
function namesOf(list: unknown): readonly string[] | undefined {
  if (typeof list !== "object" || list === null || !("data" in list) || !Array.isArray(list.data)) return undefined;
  const names = list.data.map((entry: unknown) =>
    typeof entry === "object" && entry !== null && "id" in entry ? entry.id : undefined,
  );
  return names.every((name) => typeof name === "string") ? names : undefined;
}
