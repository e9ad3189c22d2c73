import type { SettingKind } from "./setting.js";

/** Whatever a setting can be. */
export type AnySettingValue = string | number | boolean | readonly string[];

/** A value that a setting does not take; the message says what it does. */
export class InvalidSetting extends Error {
  override readonly name = "InvalidSetting";
}

const units: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["k", 1e3],
  ["kb", 1e3],
  ["m", 1e6],
  ["mb", 1e6],
  ["g", 1e9],
  ["gb", 1e9],
  ["t", 1e12],
  ["tb", 1e12],
  ["kib", 2 ** 10],
  ["mib", 2 ** 20],
  ["gib", 2 ** 30],
  ["tib", 2 ** 40],
]);

/**
 * Reads a value that was written as text: of a flag, or of a variable, where commas separate several.
 *
 * @throws {@link InvalidSetting}
 */
export function settingOfText(takes: SettingKind, text: string): AnySettingValue {
  switch (takes.kind) {
    case "text":
      return text;
    case "texts":
      return text.split(",").filter((part) => part !== "");
    case "number":
    case "integer":
      return checkedNumber(takes, numberOf(text));
    case "number_choice":
      return checkedChoice(takes.choices, numberOf(text));
    case "choice":
      return checkedChoice(takes.choices, text);
    case "bytes":
      return bytesOf(text);
    case "switch":
      if (/^(?:1|true|yes|on)$/i.test(text)) return true;
      if (/^(?:0|false|no|off)$/i.test(text)) return false;
      throw new InvalidSetting('It is "true" or "false".');
  }
}

/**
 * Reads a value of the configuration file.
 *
 * @throws {@link InvalidSetting}
 */
export function settingOfJson(takes: SettingKind, value: unknown): AnySettingValue {
  switch (takes.kind) {
    case "text":
      if (typeof value === "string") return value;
      throw new InvalidSetting("It is a string.");
    case "texts": {
      const texts = typeof value === "string" ? [value] : value;
      if (Array.isArray(texts) && texts.every((text): text is string => typeof text === "string")) return texts;
      throw new InvalidSetting("It is a list of strings.");
    }
    case "number":
    case "integer":
      return checkedNumber(takes, value);
    case "number_choice":
      return checkedChoice(takes.choices, value);
    case "choice":
      return checkedChoice(takes.choices, value);
    case "bytes":
      return typeof value === "number" ? checkedNumber({ kind: "integer", min: 1 }, value) : bytesOf(value);
    case "switch":
      if (typeof value === "boolean") return value;
      throw new InvalidSetting("It is true or false.");
  }
}

function numberOf(text: string): number {
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function checkedNumber(takes: Extract<SettingKind, { kind: "number" | "integer" }>, value: unknown): number {
  const { kind, min = -Infinity, max = Infinity } = takes;
  const isRight = typeof value === "number" && value >= min && value <= max;
  if (isRight && (kind === "number" || Number.isSafeInteger(value))) return value;
  throw new InvalidSetting(`It is ${kind === "integer" ? "a whole number" : "a number"}${rangeText(min, max)}.`);
}

function rangeText(min: number, max: number): string {
  if (max !== Infinity) return ` from ${min} to ${max}`;
  return min === -Infinity ? "" : `, ${min} or more`;
}

function checkedChoice<T extends string | number>(choices: readonly T[], value: unknown): T {
  const chosen = choices.find((choice) => choice === value);
  if (chosen !== undefined) return chosen;
  throw new InvalidSetting(`It is one of ${choices.join(", ")}.`);
}

function bytesOf(value: unknown): number {
  const [, count, unit = ""] = typeof value === "string" ? (/^(\d+(?:\.\d+)?) *([a-z]*)$/i.exec(value) ?? []) : [];
  const factor = units.get(unit.toLowerCase());
  if (count !== undefined && factor !== undefined && Number(count) > 0) return Math.round(Number(count) * factor);
  throw new InvalidSetting('It is a number of bytes, like 8000000000, "8GB" or "7.5GiB".');
}
