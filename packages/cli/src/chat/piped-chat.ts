import { createInterface } from "node:readline";
import type { CommandContext } from "../command-context.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import type { ChatSession } from "./chat-session.js";
import { messageOf, needsMoreLines, slashCommand } from "./message-text.js";
import { runSlashCommand } from "./slash-commands.js";

/** A chat whose turns are lines. It goes on where one fails, and says so in the end. */
export async function pipedChat(session: ChatSession, context: CommandContext): Promise<ExitCode> {
  const { environment, stderr, interruption } = context;
  const lines = createInterface({ input: environment.stdin, crlfDelay: Infinity });
  const stop = () => lines.close();
  interruption.signal.addEventListener("abort", stop, { once: true });
  const isTyped = environment.stdin.isTTY === true;
  let exitCode: ExitCode = exitCodes.ok;
  let text = "";
  const turn = async () => {
    const written = text;
    text = "";
    if (written.trim() === "") return false;
    const { isFailure = false, isOver = false } = await said(session, written);
    if (isFailure) exitCode = exitCodes.failure;
    return isOver;
  };
  const prompt = () => {
    if (isTyped) stderr.write(text === "" ? "> " : "  ");
  };
  try {
    prompt();
    for await (const line of lines) {
      text += line;
      if (line.endsWith("\\")) text = `${text.slice(0, -1)}\n`;
      else if (needsMoreLines(text)) text += "\n";
      else if (await turn()) return exitCode;
      if (interruption.signal.aborted) return exitCode;
      prompt();
    }
    await turn();
    return exitCode;
  } finally {
    interruption.signal.removeEventListener("abort", stop);
    lines.close();
  }
}

async function said(session: ChatSession, text: string) {
  const command = slashCommand(text);
  if (command !== undefined) return runSlashCommand(session, command);
  return { isFailure: !(await session.send(messageOf(text))) };
}
