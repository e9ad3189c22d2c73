import { type CommandRegistry, exampleHelp } from "./command-registry.js";

/** Flags of `wick pull`. */
export interface PullFlags {
  revision?: string;
  json?: true;
}

/** `wick pull`: downloads a model. */
export function pullCommand({ program, context, action }: CommandRegistry): void {
  program
    .command("pull")
    .summary("download a model of the hub")
    .description(
      "Downloads a model of the Hugging Face hub into its cache, verified. What has come stays when it is interrupted, and is gone on from.",
    )
    .argument("<model>", "owner/name, owner/name:Q4_K_M or owner/name/file.gguf")
    .option("--revision <revision>", "a branch, a tag or a commit")
    .option("--json", "print what was downloaded as JSON")
    .showHelpAfterError("(wick pull --help says more)")
    .addHelpText("after", `\n${exampleHelp(examples)}`)
    .action(
      action(async (model: string, flags: PullFlags) => {
        const { pull } = await import("../hub/pull.js");
        return pull(context, model, flags);
      }),
    );
}

const examples = [
  ["wick pull Qwen/Qwen3-0.6B-GGUF:Q8_0", "one file of a repository, by its quantisation"],
  ["HF_TOKEN=… wick pull owner/private-model", "a model that asks who you are"],
] as const;
