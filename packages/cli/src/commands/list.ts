import { type CommandRegistry, exampleHelp } from "./command-registry.js";

/** `wick list`: the models that are here. */
export function listCommand({ program, context, action }: CommandRegistry): void {
  program
    .command("list")
    .alias("ls")
    .summary("list the models that are downloaded")
    .description("Lists the models that the hub's cache on this machine holds, whoever downloaded them.")
    .option("--json", "print them as a JSON array")
    .showHelpAfterError("(wick list --help says more)")
    .addHelpText("after", `\n${exampleHelp([["wick list --json | jq -r '.[].id'", "their names alone"]])}`)
    .action(
      action(async (flags: { json?: true }) => {
        const { list } = await import("../list/list.js");
        return list(context, flags);
      }),
    );
}
