import { Failure } from "../error/failure.js";

/**
 * A key that lets a caller in.
 *
 * @example
 * ```ts
 * const keys: ApiKey[] = [{ name: "ci", key: process.env.WICK_CI_KEY ?? "" }];
 * ```
 */
export interface ApiKey {
  /** What logs and metrics call its bearer. */
  name: string;
  /** The secret, of at least 16 characters. */
  key: string;
}

/** Who asks. */
export interface Caller {
  /** The name of its key; `anonymous` where there are no keys. */
  name: string;
}

const anonymous: Caller = { name: "anonymous" };
/** Shorter ones are guessed. */
const shortest = 16;

/** The keys of a server. They are compared as digests, in a time that tells nothing of them. */
export class ApiKeys {
  readonly #keys: readonly ApiKey[];
  #digests: Promise<readonly Uint8Array[]> | undefined;

  /**
   * @param keys - Of strings the names are `key-1`, `key-2`, ….
   * @throws {TypeError} for a key that is too short, and for two of one name.
   */
  constructor(keys: readonly (string | ApiKey)[]) {
    this.#keys = keys.map((key, index) => (typeof key === "object" ? key : { name: `key-${index + 1}`, key }));
    for (const { name, key } of this.#keys) {
      // Of a variable that is not set, too; and what a header cannot hold would never be given.
      if (typeof key !== "string" || key.length < shortest || !/^[\x21-\x7e]+$/.test(key)) {
        throw new TypeError(`The API key ${name} must have at least ${shortest} characters, and no spaces.`);
      }
    }
    if (new Set(this.#keys.map(({ name }) => name)).size !== this.#keys.length) {
      throw new TypeError("Two API keys have one name.");
    }
  }

  /** Whether anyone may ask. */
  get isOpen(): boolean {
    return this.#keys.length === 0;
  }

  /**
   * Who asks, by `Authorization: Bearer` or, as Anthropic's clients send it, `x-api-key`.
   *
   * @throws {Failure} `unauthorized`
   */
  async callerOf(headers: Headers): Promise<Caller> {
    if (this.isOpen) return anonymous;
    const given = /^Bearer +(?<key>\S+) *$/i.exec(headers.get("authorization") ?? "")?.groups?.["key"];
    const candidate = await digest(given ?? headers.get("x-api-key") ?? "");
    // Made at the first request: some hosts have no randomness or promises before.
    this.#digests ??= Promise.all(this.#keys.map(({ key }) => digest(key)));
    let found: ApiKey | undefined;
    for (const [index, known] of (await this.#digests).entries()) {
      // All are compared, whichever it is.
      if (equal(candidate, known)) found = this.#keys[index];
    }
    if (found === undefined) {
      throw new Failure(
        {
          code: "unauthorized",
          message: "Send a key of this server: Authorization: Bearer <key>.",
          where: "headers.authorization",
          retryable: false,
        },
        { headers: { "www-authenticate": 'Bearer realm="wick"' } },
      );
    }
    return found;
  }
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (const [at, byte] of a.entries()) difference |= byte ^ (b[at] ?? 0);
  return difference === 0;
}
