import { readFile } from "node:fs/promises";
import { UsageError } from "../failure.js";
import { nearest } from "../nearest.js";
import { type SettingKey, settingDefinition, settingKeys } from "./setting.js";
import { type AnySettingValue, InvalidSetting, settingOfJson } from "./setting-value.js";

/** What a configuration file says. */
export type ConfigFile = ReadonlyMap<SettingKey, AnySettingValue>;

/**
 * Reads the configuration file; where there is none, it says nothing.
 *
 * @throws {@link UsageError} with the file and the key.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return new Map();
    throw new UsageError(`The configuration file ${path} cannot be read: ${message}`, { cause: error });
  }
  const value = jsonOf(text, path);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`The configuration file ${path} must be a JSON object, like { "model": "demo" }.`);
  }
  return new Map(Object.entries(value).map(([key, setting]) => settingOf(key, setting, path)));
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new UsageError(`The configuration file ${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function settingOf(key: string, value: unknown, path: string): [SettingKey, AnySettingValue] {
  const known = settingKeys.find((setting) => setting === key);
  if (known === undefined) throw new UsageError(`${path}: ${unknownKey(key)}`);
  try {
    return [known, settingOfJson(settingDefinition(known).takes, value)];
  } catch (error) {
    if (!(error instanceof InvalidSetting)) throw error;
    throw new UsageError(`${path}: "${key}" is ${JSON.stringify(value)}. ${error.message}`, { cause: error });
  }
}

function unknownKey(key: string): string {
  if (key === "apiKey")
    return 'a key does not belong in a file: set WICK_API_KEY, or name its variable in "apiKeyEnv".';
  const similar = nearest(key, settingKeys);
  const advice = similar === undefined ? `Known are ${settingKeys.join(", ")}.` : `Did you mean "${similar}"?`;
  return `"${key}" is no setting. ${advice}`;
}
