/** Waits are no longer than this; a host that asks for more is told to the program instead. */
export const longestWaitMs = 60_000;

/** Statuses after which the same request may succeed a moment later. */
const transient: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 529]);

export function isTransientStatus(status: number): boolean {
  return transient.has(status);
}

/**
 * How long to wait before try `attempt`, from 1: half a second, doubling up to 8 s, less up to a quarter at random, so that clients
 * that failed together do not come back together.
 *
 * @param random - From 0 to 1.
 */
export function backoffMs(attempt: number, random: number): number {
  return Math.min(8000, 500 * 2 ** (attempt - 1)) * (1 - random / 4);
}

/**
 * How long a host wants to be left alone: `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110 §10.2.3). Undefined:
 * it does not say, or says nonsense.
 *
 * @param now - Milliseconds since 1970.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const milliseconds = numberOf(headers.get("retry-after-ms"));
  if (milliseconds !== undefined) return milliseconds;
  const given = headers.get("retry-after");
  const seconds = numberOf(given);
  if (seconds !== undefined) return seconds * 1000;
  const date = given === null || !/[a-z]/i.test(given) ? Number.NaN : Date.parse(given);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}
