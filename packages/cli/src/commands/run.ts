import { Option } from "commander";
import { type CommandRegistry, exampleHelp } from "./command-registry.js";
import { addSettingFlags } from "../settings/setting-flags.js";

/** Flags of `wick run` that are no settings. */
export interface RunFlags {
  json?: true;
  schema?: string;
  raw?: true;
  stream: boolean;
  markdown?: true;
  stats?: true;
}

/** `wick run`: one answer. */
export function runCommand({ program, context, action }: CommandRegistry): void {
  const command = program
    .command("run")
    .summary("answer one prompt")
    .description(
      "Answers one prompt. What is piped in stands behind the prompt of the command line, or is all of it. The answer goes to the output as it comes, everything else to the error output.",
    )
    .argument("[prompt...]", "what to ask")
    .addOption(new Option("--json", "print each response as a line of JSON").conflicts(["markdown", "stream"]))
    .addOption(
      new Option("--schema <file>", "the answer is a JSON value that fits this JSON Schema").conflicts([
        "raw",
        "markdown",
      ]),
    )
    .addOption(new Option("--raw", "go on from the prompt, without a chat template").conflicts("system"))
    .addOption(new Option("--no-stream", "print the answer when all of it is there"))
    .addOption(new Option("--markdown", "on a terminal: with headings, code and tables"))
    .option("--stats", "say in the end how long it took")
    .showHelpAfterError("(wick run --help says more)")
    .addHelpText("after", `\n${exampleHelp(examples)}`);
  addSettingFlags(command, ["model", "load", "sampling", "output"]);
  command.action(
    action(async (words: string[], flags: RunFlags & Record<string, unknown>) => {
      const { run } = await import("../run/run.js");
      return run(context, words, flags);
    }),
  );
}

const examples = [
  ["wick run What is the capital of France?", "print the answer"],
  ["wick run --system 'Answer in one word.' < question.txt", "the question from a file"],
  ["git diff | wick run Write a commit message", "a task, and what it is about"],
  ["wick run --json Tell me a joke | jq -r 'select(.kind == \"done\").completion.usage'", "all that a stream says"],
  ["wick run --schema person.json 'Mia is a fox of 3 years.'", "a value for a program"],
  ["wick run --raw --max-tokens 50 Once upon a time", "text that goes on"],
] as const;
