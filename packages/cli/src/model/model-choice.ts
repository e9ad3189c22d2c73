import { isAbsolute, resolve } from "node:path";
import type { ConnectOptions, ModelSource } from "wick";
import type { Environment } from "../environment.js";
import { UsageError } from "../failure.js";
import { type EffectiveSettings, type Origin, origins } from "../settings/effective-settings.js";
import { flagOf, settingDefinition, settingKeys } from "../settings/setting.js";

/** Which model the user means. */
export type ModelChoice =
  /** Nobody named one. */
  | { kind: "none" }
  | { kind: "demo" }
  | { kind: "local"; name: string; source: ModelSource }
  | { kind: "hosted"; options: ConnectOptions };

/** Names of models that can be of this machine alone. */
const ofThisMachine = /^(?:demo$|\.{1,2}(?:[\\/]|$)|~(?:[\\/]|$)|[\\/]|[A-Za-z]:[\\/])|\.gguf$/;
const address = /^[A-Za-z][A-Za-z0-9+.-]+:\/\//;

/**
 * Reads which model the settings name. Nothing is opened.
 *
 * @throws {@link UsageError} for settings that contradict each other.
 */
export function modelChoice(settings: EffectiveSettings, environment: Pick<Environment, "env" | "cwd">): ModelChoice {
  const name = settings.get("model");
  if (isHosted(settings)) return { kind: "hosted", options: connectOptions(settings, environment) };
  return name === undefined ? { kind: "none" } : localChoice(name, settings, environment);
}

/** A model that is loaded here. */
export function localChoice(name: string, settings: EffectiveSettings, { cwd }: Pick<Environment, "cwd">): ModelChoice {
  const revision = settings.get("revision");
  const isHub = name.includes("/") && !address.test(name) && (!ofThisMachine.test(name) || isFileOfHub(name));
  if (isHub) return { kind: "local", name, source: revision === undefined ? name : { hub: name, revision } };
  if (settings.originOf("revision") === "flag") {
    throw new UsageError(`--revision is of models of the hub, and "${name}" is none.`);
  }
  if (name === "demo") return { kind: "demo" };
  const isPath = !address.test(name) && !name.startsWith("~") && !isAbsolute(name) && cwd !== process.cwd();
  return { kind: "local", name, source: isPath ? resolve(cwd, name) : name };
}

/** Whether a name that ends as a file does begins as the hub's names do: `owner/name/file.gguf`. */
function isFileOfHub(name: string): boolean {
  return !/^[.~\\/]|^[A-Za-z]:/.test(name) && name.split("/").length > 2;
}

function rank(origin: Origin | undefined): number {
  return origin === undefined ? origins.length : origins.indexOf(origin);
}

/** How near the user named a host. */
function hostRank(settings: EffectiveSettings): number {
  return Math.min(rank(settings.originOf("connect")), rank(settings.originOf("provider")));
}

/** A path, or the demo model, that is named nearer than the host is a model of this machine. */
function isHosted(settings: EffectiveSettings): boolean {
  if (settings.get("connect") === undefined && settings.get("provider") === undefined) return false;
  const isNearer = rank(settings.originOf("model")) < hostRank(settings);
  return !(isNearer && ofThisMachine.test(settings.get("model") ?? ""));
}

function connectOptions(settings: EffectiveSettings, { env }: Pick<Environment, "env">): ConnectOptions {
  const baseURL = settings.get("connect");
  const provider = settings.get("provider") ?? "openai";
  if (baseURL !== undefined && !/^https?:$/.test(urlOf(baseURL)?.protocol ?? "")) {
    throw new UsageError(`--connect takes an address like http://localhost:8080, and "${baseURL}" is none.`);
  }
  if (baseURL === undefined && (provider === "wick" || provider === "mistralrs")) {
    throw new UsageError(`Say where the host is: --connect <url> --provider ${provider}.`);
  }
  const model = settings.get("model");
  // What is named further away belongs to another host, or to none.
  if (model === undefined || rank(settings.originOf("model")) > hostRank(settings)) {
    throw new UsageError("Say which of the host's models: --model <name>.");
  }
  const ofLoading = settingKeys.filter(
    (key) => settingDefinition(key).group === "load" && settings.originOf(key) === "flag",
  );
  if (ofLoading.length > 0) {
    const flags = ofLoading.map(flagOf).join(", ");
    throw new UsageError(`${flags}: a model is loaded so, and a hosted one is not. Leave it out.`);
  }
  const apiKey = apiKeyOf({ settings, env, provider, baseURL });
  return {
    provider,
    model,
    ...(baseURL !== undefined && { baseURL }),
    ...(apiKey !== undefined && { apiKey }),
  };
}

const keysOfProviders: Readonly<Record<string, { variable: string; host: string }>> = {
  openai: { variable: "OPENAI_API_KEY", host: "api.openai.com" },
  mistral: { variable: "MISTRAL_API_KEY", host: "api.mistral.ai" },
};

interface KeyPlace {
  settings: EffectiveSettings;
  env: Environment["env"];
  provider: ConnectOptions["provider"];
  baseURL: string | undefined;
}

/** A provider's own key goes to the provider alone. */
function apiKeyOf({ settings, env, provider, baseURL }: KeyPlace): string | undefined {
  const variable = settings.get("apiKeyEnv");
  if (variable !== undefined) {
    const key = env[variable];
    if (key === undefined || key === "") throw new UsageError(`--api-key-env names ${variable}, which is not set.`);
    return key;
  }
  const { WICK_API_KEY: ownKey } = env;
  if (ownKey !== undefined && ownKey !== "") return ownKey;
  const known = keysOfProviders[provider];
  if (known === undefined) return undefined;
  const isThere = baseURL === undefined || urlOf(baseURL)?.hostname === known.host;
  return isThere ? env[known.variable] : undefined;
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
