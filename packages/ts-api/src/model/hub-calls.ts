import type { Backend, HubCacheCalls } from "../backend.js";
import { invalidRequest, unsupported } from "../error/refusal.js";
import { checkSignal } from "../error/terminal-error.js";
import { hubName } from "../hub/hub-name.js";
import { isSignal } from "../request/call-options.js";
import type { CacheOptions, HubModelName, HubOptions, PullOptions } from "./hub-models.js";
import type { ModelLoader } from "./model-loader.js";

/** The calls of `Model` that are about the hub's cache. */
export function hubCalls({ hubCache }: Backend): Pick<ModelLoader, "list" | "pull" | "remove"> {
  const cache = (call: string): HubCacheCalls => {
    if (hubCache === undefined) throw unsupported(call, "This host keeps no files, and no models of the hub.");
    return hubCache;
  };
  return {
    async list(options: CacheOptions = {}) {
      checkOptions(options, []);
      return cache("list").list(options.hub);
    },
    async pull(source: HubModelName, options: PullOptions = {}) {
      checkOptions(options, ["signal", "onProgress"]);
      const calls = cache("pull");
      const name = hubName(named(source));
      checkSignal(options.signal);
      return calls.pull(name, options);
    },
    async remove(source: HubModelName, options: CacheOptions = {}) {
      checkOptions(options, []);
      return cache("remove").remove(named(source), options.hub);
    },
  };
}

function named(source: HubModelName): HubModelName {
  const isName = typeof source === "string" || (typeof source === "object" && source !== null && "hub" in source);
  if (isName) return source;
  throw invalidRequest("source", 'A model of the hub is a name, as "owner/name", or { hub: "owner/name" }.');
}

function checkOptions(options: PullOptions, also: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw invalidRequest("options", "The options must be an object.");
  for (const [name, value] of Object.entries(options)) {
    const where = `options.${name}`;
    if (value === undefined) continue;
    if (name !== "hub" && !also.includes(name))
      throw invalidRequest(where, `${where} is no option of this call; check its spelling.`);
  }
  checkHooks(options);
  checkHubOptions(options.hub);
}

/**
 * Checks the functions and signals that calls of `Model` have in common.
 *
 * @throws {@link WickError} `invalid_request` with the option.
 */
export function checkHooks({ onProgress, signal }: Pick<PullOptions, "signal"> & { onProgress?: unknown }): void {
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw invalidRequest("options.onProgress", "options.onProgress must be a function.");
  }
  if (signal !== undefined && !isSignal(signal)) {
    throw invalidRequest("options.signal", "options.signal is no AbortSignal; pass controller.signal.");
  }
}

const hubOptions = { token: "string", endpoint: "string", cacheDir: "string", offline: "boolean" } as const;

/**
 * Checks access to the hub.
 *
 * @throws {@link WickError} `invalid_request` with the option.
 */
export function checkHubOptions(hub: HubOptions | undefined): void {
  if (hub === undefined) return;
  if (typeof hub !== "object" || hub === null) throw invalidRequest("options.hub", "options.hub must be an object.");
  for (const [name, value] of Object.entries(hub)) {
    const where = `options.hub.${name}`;
    const type = Object.hasOwn(hubOptions, name) ? hubOptions[name as keyof typeof hubOptions] : undefined;
    if (type === undefined) throw invalidRequest(where, `${where} is no option of the hub; check its spelling.`);
    if (value !== undefined && typeof value !== type) throw invalidRequest(where, `${where} must be a ${type}.`);
  }
}
