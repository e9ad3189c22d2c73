/**
 * What one server takes. More of something is a typed refusal, before it costs work.
 *
 * @example
 * ```ts
 * const limits: Partial<Limits> = { bodyBytes: 32 * 1024 * 1024, requestsPerMinute: 600 };
 * ```
 */
export interface Limits {
  /** Bytes of a request's body; 8 MiB. */
  bodyBytes: number;
  /** How long a body may take to arrive; 30 s. */
  bodyMs: number;
  /** Objects and arrays within each other in a body; 64. */
  jsonDepth: number;
  /** Names of fields in a body, at all depths; 50,000. */
  jsonFields: number;
  /** Requests of one key in a minute, or of all callers together where there are no keys; none. */
  requestsPerMinute: number | undefined;
  /** Requests that run or wait at once, over all models; 1,024. */
  liveRequests: number;
  /** Between comments that keep a silent stream open; 15 s. */
  keepAliveMs: number;
  /** How long a stream's headers wait for its first response, so that a refusal has its own status; 1 s. */
  headersMs: number;
  /** Responses kept for `/v1/responses`; 1,000. */
  storedResponses: number;
  /** How long one is kept; an hour. */
  storedResponseMs: number;
}

/** What holds where nothing is said. */
export const defaultLimits: Limits = {
  bodyBytes: 8 * 1024 * 1024,
  bodyMs: 30_000,
  jsonDepth: 64,
  jsonFields: 50_000,
  requestsPerMinute: undefined,
  liveRequests: 1024,
  keepAliveMs: 15_000,
  headersMs: 1000,
  storedResponses: 1000,
  storedResponseMs: 60 * 60 * 1000,
};

/**
 * @throws {TypeError} for a limit that is no such, or no number above 0.
 */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultLimits, name)) throw new TypeError(`limits.${name} is no limit of the server.`);
    if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
      throw new TypeError(`limits.${name} must be a number above 0.`);
    }
  }
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultLimits, ...Object.fromEntries(said) };
}
