import type { Command, Option } from "commander";

/** What can stand behind a command. */
export interface CommandWords {
  /** Empty of the program itself. */
  name: string;
  aliases: readonly string[];
  summary: string;
  flags: readonly FlagWords[];
  /** Values of its first argument, where it has a choice. */
  choices: readonly string[];
}

/** What a shell can know of a flag. */
export interface FlagWords {
  /** `--model` */
  long: string;
  /** `-m` */
  short: string | undefined;
  description: string;
  /** What its value is called; nothing where it takes none. */
  value: string | undefined;
  /** Values that it takes, where they are few. */
  choices: readonly string[];
}

/** The program and its commands, in the order of the help. */
export function commandWords(program: Command): CommandWords[] {
  const help = { name: "help", aliases: [], summary: "show the help of a command", flags: [] };
  const names = program.commands.map((command) => command.name());
  return [wordsOf(program, ""), ...program.commands.map((command) => wordsOf(command)), { ...help, choices: names }];
}

function wordsOf(command: Command, name = command.name()): CommandWords {
  const options = command.createHelp().visibleOptions(command);
  return {
    name,
    aliases: command.aliases(),
    summary: command.summary(),
    flags: options.flatMap(flagOf),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
}

function flagOf({ long, short, description, flags, argChoices }: Option): FlagWords[] {
  if (long === undefined || long === null) return [];
  const [, value] = /[<[]([^>\]]+)/.exec(flags) ?? [];
  return [{ long, short: short ?? undefined, description, value, choices: argChoices ?? [] }];
}
