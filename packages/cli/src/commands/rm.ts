import { type CommandRegistry, exampleHelp } from "./command-registry.js";

/** Flags of `wick rm`. */
export interface RemoveFlags {
  yes?: true;
}

/** `wick rm`: takes a model out of the cache. */
export function removeCommand({ program, context, action }: CommandRegistry): void {
  program
    .command("rm")
    .summary("remove a model that was downloaded")
    .description("Takes models of the hub out of the cache of this machine, which Python's tools use, too.")
    .argument("<model...>", "owner/name, or one file of it: owner/name:Q4_K_M, owner/name/file.gguf")
    .option("-y, --yes", "do not ask")
    .showHelpAfterError("(wick rm --help says more)")
    .addHelpText(
      "after",
      `\n${exampleHelp([["wick rm Qwen/Qwen3-0.6B-GGUF:Q8_0", "one file; what others need of it stays"]])}`,
    )
    .action(
      action(async (models: readonly string[], flags: RemoveFlags) => {
        const { remove } = await import("../hub/remove.js");
        return remove(context, models, flags);
      }),
    );
}
