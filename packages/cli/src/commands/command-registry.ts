import type { Command } from "commander";
import type { CommandContext } from "../command-context.js";
import type { ExitCode } from "../exit-code.js";

/** How a command is made known. What it does is loaded when it runs. */
export interface CommandRegistry {
  readonly program: Command;
  readonly context: CommandContext;
  /** Makes what commander calls of what a command does. */
  action<A extends unknown[]>(run: (...given: A) => Promise<ExitCode>): (...given: A) => Promise<void>;
}

/** Commands and what they are for, as a part of a help. */
export function exampleHelp(examples: readonly (readonly [string, string])[]): string {
  return ["Examples:", ...examples.flatMap(([command, meaning]) => [`  $ ${command}`, `      ${meaning}`])].join("\n");
}
