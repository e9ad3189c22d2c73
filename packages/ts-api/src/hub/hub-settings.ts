import { homedir } from "node:os";
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import type { HubOptions } from "../model/hub-models.js";
import { endpointOf, hubEndpoint } from "./hub-endpoint.js";

/** Where the hub is, and where what came from it is kept. */
export interface HubSettings {
  endpoint: URL;
  token: string | undefined;
  /** `…/huggingface/hub`, which Python's tools have, too. */
  cacheFolder: string;
  isOffline: boolean;
}

/**
 * The options of a load over the environment, by the names that Python's tools have: `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN`,
 * `HF_TOKEN_PATH`, `HF_ENDPOINT`, `HF_HUB_OFFLINE` (https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables).
 *
 * @throws {@link WickError} `invalid_request` with the option.
 */
export async function hubSettings(
  options: HubOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<HubSettings> {
  const { token, endpoint = env["HF_ENDPOINT"] ?? hubEndpoint, cacheDir, offline } = options;
  const home = env["HF_HOME"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "huggingface");
  const isOffline = offline ?? /^(?:1|on|yes|true)$/i.test(env["HF_HUB_OFFLINE"] ?? "");
  return {
    endpoint: endpointOf(endpoint),
    token: token ?? env["HF_TOKEN"] ?? (await storedToken(env["HF_TOKEN_PATH"] ?? join(home, "token"))),
    cacheFolder: cacheDir ?? env["HF_HUB_CACHE"] ?? join(home, "hub"),
    isOffline,
  };
}

/** What `hf auth login` has stored. */
async function storedToken(path: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trim() === "" ? undefined : text.trim();
}
