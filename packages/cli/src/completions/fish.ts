import type { CommandWords, FlagWords } from "./command-words.js";

/** By fish's `complete` (https://fishshell.com/docs/current/cmds/complete.html). */
export function fishScript(commands: readonly CommandWords[]): string {
  const [program, ...rest] = commands;
  const names = rest.flatMap(({ name, aliases, summary }) =>
    [name, ...aliases].map((word) => `complete -c wick -n __fish_use_subcommand -f -a ${word} -d ${quoted(summary)}`),
  );
  const ofProgram = (program?.flags ?? []).map((flag) => flagLine(flag, "__fish_use_subcommand"));
  return [
    "# Completions of wick for fish, printed by: wick completions fish",
    "",
    ...names,
    ...ofProgram,
    ...rest.flatMap(commandLines),
    "",
  ].join("\n");
}

function commandLines({ name, aliases, flags, choices }: CommandWords): string[] {
  const condition = quoted(`__fish_seen_subcommand_from ${[name, ...aliases].join(" ")}`);
  const operands = choices.length === 0 ? [] : [`complete -c wick -n ${condition} -f -a ${quoted(choices.join(" "))}`];
  return ["", ...operands, ...flags.map((flag) => flagLine(flag, condition))];
}

function flagLine({ long, short, description, value, choices }: FlagWords, condition: string): string {
  const names = `-l ${long.slice(2)}${short === undefined ? "" : ` -s ${short.slice(1)}`}`;
  // Of what takes no value, what follows is another word; of choices, no file is one.
  const argument = value === undefined ? "" : choices.length === 0 ? " -r" : ` -x -a ${quoted(choices.join(" "))}`;
  return `complete -c wick -n ${condition} ${names}${argument} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
