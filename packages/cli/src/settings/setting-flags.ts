import { type Command, InvalidArgumentError, Option } from "commander";
import { type SettingDefinition, type SettingGroup, settingDefinition, settingKeys } from "./setting.js";
import { type AnySettingValue, InvalidSetting, settingOfText } from "./setting-value.js";

const headings: Readonly<Record<SettingGroup, string>> = {
  model: "Model:",
  load: "Loading:",
  sampling: "Answers:",
  chat: "Chat:",
  output: "Output:",
};

/** Gives a command the flags of some groups of settings. */
export function addSettingFlags(command: Command, groups: readonly SettingGroup[]): void {
  for (const group of groups) {
    for (const key of settingKeys) {
      const definition = settingDefinition(key);
      if (definition.group !== group) continue;
      for (const option of optionsOf(definition)) command.addOption(option.helpGroup(headings[group]));
      // Whatever is configured, a model of this machine.
      if (key === "connect") command.addOption(new Option("--no-connect").hideHelp());
    }
  }
}

function optionsOf({ flags, description, takes }: SettingDefinition): Option[] {
  const option = new Option(flags, description);
  if (takes.kind === "switch") return [option, new Option(flags.replace("--", "--no-")).hideHelp()];
  if (takes.kind === "choice") option.choices(takes.choices);
  if (takes.kind === "number_choice") option.choices(takes.choices.map(String));
  return [option.argParser((text, previous) => parsed(takes, text, previous))];
}

function parsed(takes: SettingDefinition["takes"], text: string, previous: unknown): AnySettingValue {
  // Given again, it is another; a comma is part of it.
  if (takes.kind === "texts") return [...(Array.isArray(previous) ? (previous as string[]) : []), text];
  try {
    return settingOfText(takes, text);
  } catch (error) {
    if (error instanceof InvalidSetting) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
