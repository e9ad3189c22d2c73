import type { Command } from "commander";
import { assertNever } from "wick";
import type { CommandContext } from "../command-context.js";
import type { Shell } from "../commands/completions.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { bashScript } from "./bash.js";
import { type CommandWords, commandWords } from "./command-words.js";
import { fishScript } from "./fish.js";
import { zshScript } from "./zsh.js";

/** Prints the completion script of a shell. */
export async function printCompletions({ stdout }: CommandContext, program: Command, shell: Shell): Promise<ExitCode> {
  await stdout.send(scriptOf(shell, commandWords(program)));
  return exitCodes.ok;
}

function scriptOf(shell: Shell, commands: readonly CommandWords[]): string {
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
    default:
      return assertNever(shell);
  }
}
