import type { CommandContext } from "../command-context.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { bytesText } from "../output/quantity.js";
import { textTable } from "../output/text-table.js";

/** Lists what the hub's cache holds. */
export async function list({ stdout, stderr }: CommandContext, flags: { json?: true }): Promise<ExitCode> {
  const { Model } = await import("wick");
  const models = await Model.list();
  if (flags.json === true) {
    await stdout.send(`${JSON.stringify(models, undefined, 2)}\n`);
    return exitCodes.ok;
  }
  if (models.length === 0) {
    stderr.write("No model is downloaded yet. wick chat owner/name downloads one of the hub.\n");
    return exitCodes.ok;
  }
  const rows = models.map(({ id, file, bytes, revision }) => [
    id,
    file,
    bytesText(bytes),
    revision?.slice(0, 12) ?? "",
  ]);
  const columns = [
    { title: "MODEL" },
    { title: "FILE" },
    { title: "SIZE", align: "right" as const },
    { title: "REVISION" },
  ];
  await stdout.send(`${textTable(columns, rows)}\n`);
  return exitCodes.ok;
}
