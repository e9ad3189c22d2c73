import { type CommandRegistry, exampleHelp } from "./command-registry.js";

/** `wick config`: what is set, and where. */
export function configCommand({ program, context, action }: CommandRegistry): void {
  program
    .command("config")
    .summary("show what is set, and where")
    .description(
      "Shows the path of the configuration file, and each setting that has a value: from the environment, or from the file. A flag is stronger than both.",
    )
    .option("--json", "print it as JSON")
    .option("--all", "list also what is not set")
    .showHelpAfterError("(wick config --help says more)")
    .addHelpText("after", `\n${exampleHelp(examples)}`)
    .action(
      action(async (flags: { json?: true; all?: true }) => {
        const { showConfig } = await import("../settings/show-config.js");
        return showConfig(context, flags);
      }),
    );
}

const examples = [
  ["wick config --all", "all settings, with their variables"],
  ['$EDITOR "$(wick config --json | jq -r .file)"', "edit the file"],
] as const;
