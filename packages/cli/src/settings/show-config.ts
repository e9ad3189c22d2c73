import type { CommandContext } from "../command-context.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { textTable } from "../output/text-table.js";
import { type EffectiveSettings, effectiveSettings } from "./effective-settings.js";
import { settingDefinition, settingKeys, variableOf } from "./setting.js";

/** Shows what is set, and where. */
export async function showConfig(
  { environment, stdout }: CommandContext,
  flags: { json?: true; all?: true },
): Promise<ExitCode> {
  const settings = await effectiveSettings(environment, {});
  const hasKey = (environment.env["WICK_API_KEY"] ?? "") !== "";
  const text = flags.json === true ? jsonText(settings, hasKey) : tableText(settings, { hasKey, ...flags });
  await stdout.send(`${text}\n`);
  return exitCodes.ok;
}

function jsonText(settings: EffectiveSettings, hasKey: boolean): string {
  const { configFile: file, stateFolder } = settings;
  // The key itself is nobody's to see.
  const apiKey = { isSet: hasKey };
  return JSON.stringify({ file, stateFolder, settings: Object.fromEntries(settings.entries()), apiKey }, undefined, 2);
}

function tableText(settings: EffectiveSettings, { hasKey, all }: { hasKey: boolean; all?: true }): string {
  const set = settings
    .entries()
    .map(([key, { value, origin }]) => [key, JSON.stringify(value), origin === "file" ? "the file" : variableOf(key)]);
  const key = hasKey ? [["apiKey", "(set)", "WICK_API_KEY"]] : [];
  const rows = [...set, ...key];
  const columns = [{ title: "SETTING" }, { title: "VALUE" }, { title: "FROM" }];
  const table = rows.length === 0 ? "Nothing is set." : textTable(columns, rows);
  const lines = [`Configuration file: ${settings.configFile}`, `History and chats: ${settings.stateFolder}`, "", table];
  if (all === true) lines.push("", unsetText(settings));
  return lines.join("\n");
}

function unsetText(settings: EffectiveSettings): string {
  const rows = settingKeys
    .filter((key) => settings.originOf(key) === undefined)
    .map((key) => [key, variableOf(key), settingDefinition(key).description]);
  return textTable([{ title: "NOT SET" }, { title: "VARIABLE" }, { title: "WHAT IT IS" }], rows);
}
