import { readFileSync } from "node:fs";
import { Command } from "commander";
import type { CommandContext } from "./command-context.js";
import { benchCommand } from "./commands/bench.js";
import { chatCommand } from "./commands/chat.js";
import { completionsCommand } from "./commands/completions.js";
import { type CommandRegistry, exampleHelp } from "./commands/command-registry.js";
import { configCommand } from "./commands/config.js";
import { listCommand } from "./commands/list.js";
import { pullCommand } from "./commands/pull.js";
import { removeCommand } from "./commands/rm.js";
import { runCommand } from "./commands/run.js";
import { serveCommand } from "./commands/serve.js";
import { type ExitCode, exitCodeHelp, exitCodes } from "./exit-code.js";

/** The program with its commands, none of which has loaded anything yet, and what the one that ran says in the end. */
export interface Program {
  command: Command;
  exitCode(): ExitCode;
}

/** Makes the program. */
export function createProgram(context: CommandContext): Program {
  const { stdout, stderr } = context;
  let exitCode: ExitCode = exitCodes.ok;
  const command = new Command("wick")
    .description("Large language models in your terminal: local ones, in this process, and those of hosts.")
    .version(version(), "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .exitOverride()
    .showHelpAfterError("(wick --help says more)")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns,
      getErrHelpWidth: () => stderr.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText("after", ["", exampleHelp(examples), "", exitCodeHelp()].join("\n"));
  const registry: CommandRegistry = {
    program: command,
    context,
    action:
      (run) =>
      async (...given) => {
        exitCode = await run(...given);
      },
  };
  chatCommand(registry);
  runCommand(registry);
  serveCommand(registry);
  pullCommand(registry);
  listCommand(registry);
  removeCommand(registry);
  benchCommand(registry);
  configCommand(registry);
  completionsCommand(registry);
  return { command, exitCode: () => exitCode };
}

const examples = [
  ["wick chat", "talk to the model that is configured, or to the demo model"],
  ["wick chat Qwen/Qwen3-0.6B-GGUF:Q8_0", "the same with a model of the hub, downloaded once"],
  ["git diff | wick run Write a commit message", "one answer, for a pipe"],
  ["wick serve", "a server for clients of OpenAI, Mistral and Anthropic, with a page to try it"],
  ["wick config", "what is set, and where"],
] as const;

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return text;
}
