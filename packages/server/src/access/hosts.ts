import { Failure } from "../error/failure.js";

const loopback = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Whether a request is for this server, by its Host: a page that has its own name resolve to this machine (DNS rebinding) sends
 * that name.
 */
export class Hosts {
  readonly #names: ReadonlySet<string> | undefined;

  /** @param allowed - Names beyond those of loopback, without ports; `"any"` where something in front checks. */
  constructor(allowed: readonly string[] | "any") {
    this.#names = allowed === "any" ? undefined : new Set([...loopback, ...allowed.map((name) => name.toLowerCase())]);
  }

  /**
   * @throws {Failure} `forbidden_host`
   */
  check(request: Request): void {
    if (this.#names === undefined) return;
    const host = request.headers.get("host") ?? new URL(request.url).host;
    if (!this.#names.has(nameOf(host))) {
      throw new Failure({
        code: "forbidden_host",
        message: "This server does not answer under that Host. Add the name to allowedHosts if it is right.",
        where: "headers.host",
        retryable: false,
      });
    }
  }
}

/** Without its port. Two hosts in one header, or what is none, is a name that nobody allows. */
function nameOf(host: string): string {
  return /^(?<name>\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(host)?.groups?.["name"]?.toLowerCase() ?? "";
}
