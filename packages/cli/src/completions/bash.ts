import type { CommandWords, FlagWords } from "./command-words.js";

/** Where no word of ours fits, bash offers files, which models and prompts are. */
export function bashScript(commands: readonly CommandWords[]): string {
  const names = commands.flatMap(({ name, aliases }) => (name === "" ? [] : [name, ...aliases]));
  return `# Completions of wick for bash, printed by: wick completions bash

_wick() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" command="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      ${names.join(" | ")})
        command="$word"
        break
        ;;
    esac
  done
  case "$command $previous" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$command" in
${commands.map((command) => wordCase(command, names)).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -o default -F _wick wick
`;
}

/** Behind a flag that takes a value: its values, or files. */
function valueCases({ name, aliases, flags }: CommandWords): string[] {
  return flags.flatMap((flag) => {
    if (flag.value === undefined) return [];
    const places = [name, ...aliases].flatMap((command) => spellings(flag).map((word) => `"${command} ${word}"`));
    const action =
      flag.choices.length === 0 ? "" : `COMPREPLY=($(compgen -W "${flag.choices.join(" ")}" -- "$current"))\n      `;
    return [`    ${places.join(" | ")})\n      ${action}return\n      ;;`];
  });
}

function wordCase({ name, aliases, flags, choices }: CommandWords, names: readonly string[]): string {
  const pattern = [name, ...aliases].map((command) => `"${command}"`).join(" | ");
  const first = name === "" ? names : choices;
  const words = first.join(" ");
  const longs = flags.map(({ long }) => long).join(" ");
  return `    ${pattern})\n      if [[ "$current" == -* ]]; then words="${longs}"; else words="${words}"; fi\n      ;;`;
}

function spellings({ long, short }: FlagWords): string[] {
  return short === undefined ? [long] : [long, short];
}
