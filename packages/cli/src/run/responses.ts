import type { ChatCompletion, Completion, WickResponse } from "wick";
import type { CommandContext } from "../command-context.js";
import { ending } from "./ending.js";

/** Prints each response as a line of JSON, at the pace of who reads them; what was answered, if it came to its end. */
export async function printResponses(
  stream: AsyncIterable<WickResponse>,
  { stdout, stderr, interruption }: CommandContext,
): Promise<ChatCompletion | Completion | undefined> {
  let completion: ChatCompletion | Completion | undefined;
  for await (const response of stream) {
    await stdout.send(`${JSON.stringify(response)}\n`);
    const end = ending(response);
    if (end?.kind === "whole") completion = end.completion;
    // What is wrong stands in the last line, too; a person does not see it in a pipe.
    else if (end?.kind === "failed" && !interruption.signal.aborted) stderr.write(`error: ${end.reason}\n`);
  }
  return completion;
}
