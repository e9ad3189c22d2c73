import type { CommandContext } from "../command-context.js";
import type { RemoveFlags } from "../commands/rm.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { UsageError } from "../failure.js";
import { printable } from "../output/printable.js";
import { bytesText } from "../output/quantity.js";

/** Takes models out of the cache, where a person is there after asking. */
export async function remove(
  context: CommandContext,
  names: readonly string[],
  { yes }: RemoveFlags,
): Promise<ExitCode> {
  const { stdout, environment } = context;
  if (yes !== true) {
    if (environment.stdin.isTTY !== true) throw new UsageError("Nobody is there to ask: say --yes to remove.");
    const { confirm, isCancel } = await import("@clack/prompts");
    const answer = await confirm({
      message: `Remove ${names.map((name) => printable(name)).join(", ")}?`,
      initialValue: false,
    });
    if (isCancel(answer) || !answer) return exitCodes.ok;
  }
  const { Model } = await import("wick");
  for (const name of names) {
    const { bytes } = await Model.remove(name);
    await stdout.send(`${printable(name)}: ${bytesText(bytes)} freed\n`);
  }
  return exitCodes.ok;
}
