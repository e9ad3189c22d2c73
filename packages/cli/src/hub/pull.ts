import type { CommandContext } from "../command-context.js";
import type { PullFlags } from "../commands/pull.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { ProgressLine } from "../model/load-progress.js";
import { printable } from "../output/printable.js";
import { bytesText } from "../output/quantity.js";

/** Downloads a model, and says where it is. */
export async function pull(context: CommandContext, name: string, flags: PullFlags): Promise<ExitCode> {
  const { stdout, stderr, interruption } = context;
  const { Model } = await import("wick");
  const line = new ProgressLine(stderr);
  const { revision } = flags;
  try {
    const pulled = await Model.pull(revision === undefined ? name : { hub: name, revision }, {
      signal: interruption.signal,
      onProgress: (progress) => line.show(progress),
    });
    line.clear();
    const text =
      flags.json === true
        ? JSON.stringify(pulled, undefined, 2)
        : `${printable(pulled.id)}: ${bytesText(pulled.bytes)} in ${pulled.path}`;
    await stdout.send(`${text}\n`);
    return exitCodes.ok;
  } finally {
    line.clear();
  }
}
