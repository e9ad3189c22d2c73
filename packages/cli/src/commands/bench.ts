import { InvalidArgumentError, Option } from "commander";
import { type CommandRegistry, exampleHelp } from "./command-registry.js";
import { addSettingFlags } from "../settings/setting-flags.js";

/** Flags of `wick bench` that are no settings. */
export interface BenchFlags {
  promptTokens: number;
  tokens: number;
  repeat: number;
  json?: true;
}

/** `wick bench`: how fast a model is here. */
export function benchCommand({ program, context, action }: CommandRegistry): void {
  const command = program
    .command("bench")
    .summary("measure how fast a model is on this machine")
    .description(
      "Measures a model on this machine: how fast it reads a prompt and writes an answer, and how soon the first token comes. Each repetition has another prompt, so that none is known already; one before them is not counted.",
    )
    .argument("[model]", "the model, as --model names it")
    .addOption(count("--prompt-tokens <count>", "tokens of the prompt", 512))
    .addOption(count("--tokens <count>", "tokens of the answer", 128, 2))
    .addOption(count("--repeat <count>", "repetitions", 5))
    .option("--json", "print figures, and those of each repetition, as JSON")
    .showHelpAfterError("(wick bench --help says more)")
    .addHelpText("after", `\n${exampleHelp(examples)}`);
  addSettingFlags(command, ["model", "load", "output"]);
  command.action(
    action(async (model: string | undefined, flags: BenchFlags & Record<string, unknown>) => {
      const { bench } = await import("../bench/bench.js");
      return bench(context, model, flags);
    }),
  );
}

function count(flags: string, description: string, byDefault: number, least = 1): Option {
  return new Option(flags, description).default(byDefault).argParser((text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It is a whole number, ${least} or more.`);
  });
}

const examples = [
  ["wick bench ./model.gguf", "the usual figures"],
  ["wick bench ./model.gguf --threads 4 --kv-cache q8", "with other options of the load"],
  ["wick bench demo --prompt-tokens 64 --tokens 32 --json", "for a script"],
] as const;
