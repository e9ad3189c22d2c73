import { setTimeout } from "node:timers/promises";
import type { CommandContext } from "../command-context.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { errorText } from "../failure.js";
import type { KeyReader } from "../terminal/key-reader.js";
import { type EditedLine, LineEditor } from "../terminal/line-editor.js";
import type { ChatSession } from "./chat-session.js";
import type { InputHistory } from "./input-history.js";
import { messageOf, needsMoreLines, slashCommand } from "./message-text.js";
import { completeSlashCommand, runSlashCommand } from "./slash-commands.js";

/** The signal is certainly there after so long. */
const stoppingMs = 20;

/** What a chat at a terminal has beside its session. */
export interface TerminalChatOptions {
  context: CommandContext;
  keys: KeyReader;
  history: InputHistory;
}

/** A chat at a terminal, up to its end. */
export async function terminalChat(
  session: ChatSession,
  { context, keys, history }: TerminalChatOptions,
): Promise<ExitCode> {
  const { stdout, interruption } = context;
  const editor = new LineEditor(keys, stdout, session.surface.palette);
  const unhook = stdout.onResize(() => editor.refresh());
  let isLeaving = false;
  try {
    for (;;) {
      const line = await editor.read({
        prompt: "> ",
        history: history.entries,
        needsMore: needsMoreLines,
        complete: (text) => completeSlashCommand(session, text),
        suspend: () => suspend(keys),
      });
      if (interruption.signal.aborted) return exitCodes.ok;
      if (line.kind === "end" || (line.kind === "interrupt" && isLeaving)) return exitCodes.ok;
      isLeaving = line.kind === "interrupt";
      if (isLeaving) session.surface.note("Ctrl-C again, or Ctrl-D, ends the chat.");
      else if (await isOver(session, line, history)) return exitCodes.ok;
    }
  } finally {
    unhook();
  }
}

/** Does what a line says. Whatever goes wrong, the chat goes on. */
async function isOver(session: ChatSession, line: EditedLine, history: InputHistory): Promise<boolean> {
  if (line.kind !== "line" || line.text.trim() === "") return false;
  await history.add(line.text);
  const command = slashCommand(line.text);
  try {
    if (command === undefined) await session.send(messageOf(line.text));
    else {
      const { isOver: isLast = false, isAnswer = false } = await runSlashCommand(session, command);
      if (!isAnswer) return isLast;
    }
  } catch (error) {
    session.surface.fail(errorText(error));
  }
  session.surface.say("");
  return false;
}

/** Ctrl-Z: the shell has the terminal until it gives it back. */
async function suspend(keys: KeyReader): Promise<void> {
  // Windows has no such thing.
  if (process.platform === "win32") return;
  keys.stop();
  process.kill(process.pid, "SIGTSTP");
  // Time stands still from here until it is continued; where nobody could do that, the system does not stop it.
  await setTimeout(stoppingMs);
  keys.start();
}
