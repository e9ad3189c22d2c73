import { CommanderError } from "commander";
import type { CommandContext } from "./command-context.js";
import type { Environment } from "./environment.js";
import { exitCodes } from "./exit-code.js";
import { UsageError, errorText } from "./failure.js";
import { Interruption } from "./interruption.js";
import { TextOutput } from "./output/text-output.js";
import { createProgram } from "./program.js";

/**
 * The program `wick`. It reads and writes what it is given alone, ends nothing, and leaves no listener behind, so that it runs in a
 * process of its own as in a test.
 *
 * @param argv - What stands behind the program's name: `process.argv.slice(2)`.
 * @param environment - What it takes from the process.
 * @returns The exit code. It never rejects.
 *
 * @example
 * ```ts
 * const { stdin, stdout, stderr, env } = process;
 * process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() });
 * ```
 */
export async function main(argv: readonly string[], environment: Environment): Promise<number> {
  const interruption = new Interruption(environment.signals ?? process);
  // That errors cannot be told ends nothing.
  const stderr = new TextOutput(environment.stderr, () => {});
  const stdout = new TextOutput(environment.stdout, ({ code, message }) => {
    // Where nobody reads any more, there is nothing to say.
    if (code !== "EPIPE") stderr.write(`error: The output cannot be written: ${message}\n`);
    interruption.end(code === "EPIPE" ? "SIGPIPE" : "output");
  });
  const context: CommandContext = { environment, interruption, stdout, stderr };
  try {
    const { command, exitCode } = createProgram(context);
    await command.parseAsync(argv, { from: "user" });
    return interruption.exitCode ?? exitCode();
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    stderr.write(`error: ${errorText(error)}\n`);
    if (environment.env["WICK_DEBUG"] === "1" && error instanceof Error) stderr.write(`${error.stack}\n`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failure;
  } finally {
    interruption.dispose();
    stdout.dispose();
    stderr.dispose();
  }
}
