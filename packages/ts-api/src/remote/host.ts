import { invalidRequest } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";
import { endpoint } from "./base-url.js";
import { Endpoints } from "./endpoints.js";
import { Exchange } from "./exchange.js";
import { errorOfStatus } from "./http-failure.js";
import { redactor, secretsOf } from "./redact.js";

/** Of an answer that is no success so much is read. */
const longestErrorBody = 64 * 1024;

/** Where requests go, and what goes with each of them. */
export interface HostInit {
  urls: readonly URL[];
  apiKey: string | (() => string | Promise<string>) | undefined;
  extraHeaders: Readonly<Record<string, string>>;
  fetch: typeof globalThis.fetch | undefined;
  connectTimeoutMs: number;
  idleTimeoutMs: number;
  totalTimeoutMs: number | undefined;
  maxRetries: number;
  /** Whether they are servers of ours. */
  isOurs: boolean;
}

/** One request. */
export interface HostRequest {
  /** Below the base address: `/chat/completions`. */
  path: string;
  body: string;
  headers?: Readonly<Record<string, string>> | undefined;
  /** What the answer should be. */
  accept: string;
  /** What tells conversations apart, and stays as they go on. */
  conversation: string;
}

/** The hosts of a remote model. Its secrets are in private fields, so that nothing that prints a model prints them. */
export class Host {
  readonly endpoints: Endpoints;
  readonly maxRetries: number;
  readonly totalTimeoutMs: number | undefined;
  readonly #init: HostInit;

  constructor(init: HostInit) {
    this.#init = init;
    this.endpoints = new Endpoints(init.urls);
    this.maxRetries = init.maxRetries;
    this.totalTimeoutMs = init.totalTimeoutMs;
  }

  /**
   * Sends a request once.
   *
   * @throws {@link WickError} for what is no success.
   */
  async send(
    request: HostRequest,
    base: URL,
    signal: AbortSignal,
  ): Promise<{ exchange: Exchange; redact: (text: string) => string }> {
    const key = await this.#key(signal);
    const headers = this.#headers(request, key);
    const redact = redactor([key ?? null, ...secretsOf(headers)]);
    const { connectTimeoutMs, idleTimeoutMs, fetch = globalThis.fetch } = this.#init;
    const exchange = await Exchange.open({
      url: endpoint(base, request.path),
      headers,
      body: request.body,
      fetch,
      connectTimeoutMs,
      idleTimeoutMs,
      signal,
    });
    const { response } = exchange;
    if (response.ok) return { exchange, redact };
    const { status } = response;
    const text = await exchange.text(longestErrorBody);
    const hasKey = key !== undefined;
    const { isOurs } = this.#init;
    const failure = { status, headers: response.headers, text, now: Date.now(), redact, hasKey, isOurs };
    throw new WickError(errorOfStatus(failure));
  }

  /** Asked for each time, so that a key may change. */
  async #key(signal: AbortSignal): Promise<string | undefined> {
    const { apiKey } = this.#init;
    if (typeof apiKey !== "function") return apiKey;
    let key: unknown;
    try {
      key = await apiKey();
    } catch (cause) {
      const message = "The function options.apiKey failed; see the error's cause.";
      throw new WickError({ code: "unauthorized", message, where: "options.apiKey", retryable: false }, { cause });
    }
    signal.throwIfAborted();
    if (typeof key !== "string")
      throw invalidRequest("options.apiKey", "The function options.apiKey must give a string.");
    checkKey(key);
    return key;
  }

  #headers({ headers: own, accept }: HostRequest, key: string | undefined): Headers {
    const headers = new Headers({ "content-type": "application/json", accept });
    if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
    for (const [name, value] of Object.entries({ ...this.#init.extraHeaders, ...own })) headers.set(name, value);
    return headers;
  }
}

/**
 * @throws {@link WickError} for what no header can hold, such as the line break at the end of a file.
 */
export function checkKey(key: string): void {
  if (/^[\x21-\x7e]+$/.test(key)) return;
  throw invalidRequest("options.apiKey", "options.apiKey is empty, or has a space or a line break; trim it.");
}
