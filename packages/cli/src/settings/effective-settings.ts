import type { Environment } from "../environment.js";
import { UsageError } from "../failure.js";
import { type ConfigFile, readConfigFile } from "./config-file.js";
import { folders } from "./folders.js";
import { type SettingKey, type SettingValue, settingDefinition, settingKeys, variableOf } from "./setting.js";
import { type AnySettingValue, InvalidSetting, settingOfText } from "./setting-value.js";

/** Where a value comes from, the strongest first: said in a chat, on the command line, … */
export const origins = ["command", "flag", "environment", "file"] as const;

/** One of them. */
export type Origin = (typeof origins)[number];

/** A value and where it comes from. */
export interface EffectiveSetting {
  value: AnySettingValue;
  origin: Origin;
}

/** What is set, over all places where it can be. */
export class EffectiveSettings {
  readonly #values: ReadonlyMap<SettingKey, EffectiveSetting>;
  readonly configFile: string;
  readonly stateFolder: string;

  constructor(
    values: ReadonlyMap<SettingKey, EffectiveSetting>,
    { configFile, state }: { configFile: string; state: string },
  ) {
    this.#values = values;
    this.configFile = configFile;
    this.stateFolder = state;
  }

  /** The value of a setting, if it is set. */
  get<K extends SettingKey>(key: K): SettingValue<K> | undefined {
    // Every value was read as what its key takes.
    return this.#values.get(key)?.value as SettingValue<K> | undefined;
  }

  originOf(key: SettingKey): Origin | undefined {
    return this.#values.get(key)?.origin;
  }

  /** What was said in one place. */
  from<K extends SettingKey>(key: K, origin: Origin): SettingValue<K> | undefined {
    return this.originOf(key) === origin ? this.get(key) : undefined;
  }

  /** The same with another value of a setting, said by a command of a chat. */
  with<K extends SettingKey>(key: K, value: SettingValue<K>): EffectiveSettings {
    const values = new Map(this.#values).set(key, { value: value as AnySettingValue, origin: "command" });
    return new EffectiveSettings(values, { configFile: this.configFile, state: this.stateFolder });
  }

  /** All that is set, in the order of the help. */
  entries(): readonly (readonly [SettingKey, EffectiveSetting])[] {
    return [...this.#values];
  }
}

/**
 * Puts flags over the environment over the configuration file.
 *
 * @param flags - What commander read: values that were checked. False of a flag that takes a value takes it back.
 * @throws {@link UsageError}
 */
export async function effectiveSettings(
  environment: Pick<Environment, "env">,
  flags: Readonly<Record<string, unknown>>,
): Promise<EffectiveSettings> {
  const places = await folders(environment);
  const file = await readConfigFile(places.configFile);
  const values = new Map<SettingKey, EffectiveSetting>();
  for (const key of settingKeys) {
    const setting = settingOf(key, { environment, flags, file });
    if (setting !== undefined) values.set(key, setting);
  }
  return new EffectiveSettings(values, places);
}

interface Places {
  environment: Pick<Environment, "env">;
  flags: Readonly<Record<string, unknown>>;
  file: ConfigFile;
}

function settingOf(key: SettingKey, { environment, flags, file }: Places): EffectiveSetting | undefined {
  const flag = flags[key] as AnySettingValue | undefined;
  const { takes } = settingDefinition(key);
  if (flag === false && takes.kind !== "switch") return undefined;
  if (flag !== undefined) return { value: flag, origin: "flag" };
  const variable = environment.env[variableOf(key)];
  if (variable !== undefined && variable !== "") return { value: ofVariable(key, variable), origin: "environment" };
  const value = file.get(key);
  return value === undefined ? undefined : { value, origin: "file" };
}

function ofVariable(key: SettingKey, text: string): AnySettingValue {
  try {
    return settingOfText(settingDefinition(key).takes, text);
  } catch (error) {
    if (!(error instanceof InvalidSetting)) throw error;
    throw new UsageError(`${variableOf(key)} is ${JSON.stringify(text)}. ${error.message}`, { cause: error });
  }
}
