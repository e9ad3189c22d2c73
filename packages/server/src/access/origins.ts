import { Failure } from "../error/failure.js";

const exposed = "retry-after, retry-after-ms, x-request-id, x-should-retry";

/** Which pages may ask: this server's own, and those on the list. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;

  /** @param allowed - `https://example.com`: scheme, name and port, as browsers send it. */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed.map((origin) => new URL(origin).origin));
  }

  /**
   * Headers for a page of another origin that may read the answer; none for everyone else. Never with credentials.
   *
   * @throws {Failure} `forbidden_host` for a page that may not ask.
   */
  headers(request: Request): Record<string, string> {
    const origin = request.headers.get("origin");
    if (origin === null || isOwn(origin, request)) return {};
    if (!this.#allowed.has(origin)) {
      throw new Failure({
        code: "forbidden_host",
        message: "Pages of that origin may not use this server. Add it to allowedOrigins if they should.",
        where: "headers.origin",
        retryable: false,
      });
    }
    return { "access-control-allow-origin": origin, "access-control-expose-headers": exposed, vary: "origin" };
  }

  /**
   * The answer to a browser that asks whether it may ask.
   *
   * @param methods - Of the address that it asks for.
   */
  preflight(request: Request, methods: string): Response {
    const headers = new Headers(this.headers(request));
    if (headers.has("access-control-allow-origin")) {
      headers.set("access-control-allow-methods", methods);
      headers.set("access-control-allow-headers", request.headers.get("access-control-request-headers") ?? "");
      headers.set("access-control-max-age", "600");
    }
    headers.set("allow", methods);
    return new Response(null, { status: 204, headers });
  }
}

function isOwn(origin: string, request: Request): boolean {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  // The scheme is not compared: TLS may end in front of this server.
  return origin === `http://${host}` || origin === `https://${host}`;
}
