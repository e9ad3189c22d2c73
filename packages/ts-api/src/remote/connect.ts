import { invalidRequest } from "../error/refusal.js";
import type { ConnectOptions } from "../model/connect-options.js";
import type { Model } from "../model/model.js";
import { checkHeaders } from "../request/headers.js";
import { requestJson } from "../request/request-json.js";
import { baseUrl } from "./base-url.js";
import { Host, checkKey } from "./host.js";
import { mistral } from "./provider/mistral.js";
import { mistralrs } from "./provider/mistralrs.js";
import { compatible, openai } from "./provider/openai.js";
import type { Provider } from "./provider/provider.js";
import { wick } from "./provider/wick.js";
import { RemoteModel } from "./remote-model.js";

const providers: Readonly<Record<ConnectOptions["provider"], Provider>> = { mistral, mistralrs, openai, wick };

const optionNames: Readonly<Record<keyof ConnectOptions, true>> = {
  provider: true,
  model: true,
  apiKey: true,
  baseURL: true,
  endpoints: true,
  fetch: true,
  extraHeaders: true,
  extraBody: true,
  connectTimeoutMs: true,
  idleTimeoutMs: true,
  totalTimeoutMs: true,
  maxRetries: true,
  onCall: true,
};

/** As OpenAI's own client waits: a long prompt on a small machine takes minutes before its first token. */
const patienceMs = 600_000;
/** Timers of JavaScript go no further: 24 days. */
const longestTimeoutMs = 2 ** 31 - 1;
const mostRetries = 10;

/**
 * A model at a host. Nothing is sent before its first call.
 *
 * @throws {@link WickError} `invalid_request` with the option.
 */
export function connect(options: ConnectOptions): Model {
  checkNames(options);
  const { provider: name, model, apiKey, fetch, onCall, extraHeaders = {}, extraBody = {} } = options;
  if (typeof name !== "string" || !Object.hasOwn(providers, name)) {
    const known = Object.keys(providers).join(", ");
    throw invalidRequest("options.provider", `options.provider must be one of ${known}; most servers speak openai.`);
  }
  if (typeof model !== "string" || model === "") {
    throw invalidRequest("options.model", "options.model must be the host's name of the model.");
  }
  if (typeof apiKey === "string") checkKey(apiKey);
  else if (apiKey !== undefined && typeof apiKey !== "function") {
    throw invalidRequest("options.apiKey", "options.apiKey must be a string or a function that gives one.");
  }
  if (fetch !== undefined && typeof fetch !== "function") {
    throw invalidRequest("options.fetch", "options.fetch must be a function like the global fetch.");
  }
  if (onCall !== undefined && typeof onCall !== "function") {
    throw invalidRequest("options.onCall", "options.onCall must be a function.");
  }
  checkHeaders(extraHeaders, "options.extraHeaders");
  const provider = providerOf(options);
  const host = new Host({
    urls: urlsOf(options, provider),
    apiKey,
    extraHeaders: { ...extraHeaders },
    fetch,
    connectTimeoutMs: timeoutOf(options, "connectTimeoutMs") ?? patienceMs,
    idleTimeoutMs: timeoutOf(options, "idleTimeoutMs") ?? patienceMs,
    totalTimeoutMs: timeoutOf(options, "totalTimeoutMs"),
    maxRetries: retriesOf(options),
    isOurs: provider.wire === "responses",
  });
  const extra = JSON.parse(requestJson(extraBody, "options.extraBody"));
  return new RemoteModel({ model, provider, host, extraBody: extra, onCall });
}

function checkNames(options: unknown): void {
  if (typeof options !== "object" || options === null)
    throw invalidRequest("options", "The options must be an object.");
  for (const [name, value] of Object.entries(options)) {
    const where = `options.${name}`;
    if (!Object.hasOwn(optionNames, name)) {
      throw invalidRequest(where, `${where} is no option of Model.connect; check its spelling.`);
    }
    if (value === null) throw invalidRequest(where, `${where} is null; leave it out to not set it.`);
  }
}

/** OpenAI's own host has names that those who are compatible with it do not know. */
function providerOf({ provider, baseURL, endpoints }: ConnectOptions): Provider {
  const isElsewhere = baseURL !== undefined || endpoints !== undefined;
  const isOpenai = baseURL !== undefined && URL.canParse(baseURL) && new URL(baseURL).hostname === "api.openai.com";
  return provider === "openai" && isElsewhere && !isOpenai ? compatible : providers[provider];
}

function urlsOf({ baseURL, endpoints }: ConnectOptions, { baseURL: own, host }: Provider): URL[] {
  if (baseURL !== undefined && endpoints !== undefined) {
    throw invalidRequest(
      "options.endpoints",
      "options.endpoints are several base URLs; leave baseURL out beside them.",
    );
  }
  if (endpoints !== undefined) {
    if (!Array.isArray(endpoints) || endpoints.length === 0) {
      throw invalidRequest("options.endpoints", "options.endpoints must be a list of base URLs.");
    }
    return endpoints.map((url, index) => baseUrl(url, `options.endpoints[${index}]`));
  }
  const url = baseURL ?? own;
  if (url === undefined) {
    throw invalidRequest("options.baseURL", `options.baseURL must say where ${host} is, like "http://localhost:8080".`);
  }
  return [baseUrl(url, "options.baseURL")];
}

function timeoutOf(
  options: ConnectOptions,
  name: "connectTimeoutMs" | "idleTimeoutMs" | "totalTimeoutMs",
): number | undefined {
  const value: unknown = options[name];
  if (value === undefined) return undefined;
  if (typeof value === "number" && value > 0 && value <= longestTimeoutMs) return value;
  const where = `options.${name}`;
  throw invalidRequest(where, `${where} must be a number of milliseconds above 0 and up to ${longestTimeoutMs}.`);
}

function retriesOf({ maxRetries = 2 }: ConnectOptions): number {
  if (Number.isInteger(maxRetries) && maxRetries >= 0 && maxRetries <= mostRetries) return maxRetries;
  throw invalidRequest("options.maxRetries", `options.maxRetries must be a whole number from 0 to ${mostRetries}.`);
}
