import type { CommandWords, FlagWords } from "./command-words.js";

/** By zsh's `_arguments` (https://zsh.sourceforge.io/Doc/Release/Completion-System.html). */
export function zshScript(commands: readonly CommandWords[]): string {
  const [program, ...rest] = commands;
  const described = rest.flatMap(({ name, aliases, summary }) =>
    [name, ...aliases].map((word) => `    ${quoted(`${word}:${summary}`)}`),
  );
  return `#compdef wick
# Completions of wick for zsh, printed by: wick completions zsh

_wick() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${described.join("\n")}
  )
  _arguments -C \\
${[...(program?.flags ?? []).map(flagLine), "    '1: :->command' \\", "    '*:: :->argument'"].join("\n")}
  case $state in
    command)
      _describe -t commands 'command of wick' commands
      ;;
    argument)
      case $line[1] in
${rest.map(commandCase).join("\n")}
      esac
      ;;
  esac
}

compdef _wick wick
# Loaded by the first completion, it is to answer that, too.
if [ "$funcstack[1]" = "_wick" ]; then _wick "$@"; fi
`;
}

function commandCase({ name, aliases, flags, choices }: CommandWords): string {
  const operands = choices.length === 0 ? "'*: :_files'" : quoted(`1: :(${choices.join(" ")})`);
  const lines = [...flags.map((flag) => `    ${flagLine(flag)}`), `        ${operands}`];
  return `        ${[name, ...aliases].join("|")})\n          _arguments \\\n${lines.join("\n")}\n          ;;`;
}

function flagLine({ long, short, description, value, choices }: FlagWords): string {
  const text = `[${description.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]`;
  const action = choices.length === 0 ? "_files" : `(${choices.join(" ")})`;
  const argument = value === undefined ? "" : `:${value}:${action}`;
  if (short === undefined) return `    ${quoted(`${long}${text}${argument}`)} \\`;
  // Either spelling rules the other out.
  return `    '(${short} ${long})'{${short},${long}}${quoted(`${text}${argument}`)} \\`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
