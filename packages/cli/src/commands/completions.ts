import { Argument } from "commander";
import { type CommandRegistry, exampleHelp } from "./command-registry.js";

const shells = ["bash", "zsh", "fish"] as const;

/** A shell that has completions. */
export type Shell = (typeof shells)[number];

/** `wick completions`: a script for a shell. */
export function completionsCommand({ program, context, action }: CommandRegistry): void {
  program
    .command("completions")
    .summary("print a completion script for a shell")
    .description("Prints a script that teaches a shell the commands, flags and choices of wick.")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .showHelpAfterError("(wick completions --help says more)")
    .addHelpText("after", `\n${exampleHelp(examples)}`)
    .action(
      action(async (shell: Shell) => {
        const { printCompletions } = await import("../completions/completions.js");
        return printCompletions(context, program, shell);
      }),
    );
}

const examples = [
  ["wick completions bash > ~/.local/share/bash-completion/completions/wick", "bash, from the next shell on"],
  ['wick completions zsh > "${fpath[1]}/_wick"', "zsh"],
  ["wick completions fish > ~/.config/fish/completions/wick.fish", "fish"],
] as const;
