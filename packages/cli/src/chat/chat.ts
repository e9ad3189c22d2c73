import type { CommandContext } from "../command-context.js";
import type { ExitCode } from "../exit-code.js";
import { UsageError } from "../failure.js";
import { modelArgument } from "../model/model-argument.js";
import { type ModelChoice, localChoice, modelChoice } from "../model/model-choice.js";
import { demoNote, openModel } from "../model/open-model.js";
import { nearest } from "../nearest.js";
import { type EffectiveSettings, effectiveSettings } from "../settings/effective-settings.js";
import { KeyReader } from "../terminal/key-reader.js";
import { isColored, palette } from "../terminal/palette.js";
import { type BuiltInToolName, builtInToolNames } from "./built-in-tools.js";
import { ChatSession } from "./chat-session.js";
import type { ChatSurface } from "./chat-surface.js";
import { InputHistory } from "./input-history.js";
import { modelChoices } from "./model-choices.js";
import { pipedChat } from "./piped-chat.js";
import { PipedSurface } from "./piped-surface.js";
import { terminalChat } from "./terminal-chat.js";
import { TerminalSurface } from "./terminal-surface.js";

/** A conversation, at a terminal or over pipes. */
export async function chat(
  context: CommandContext,
  argument: string | undefined,
  flags: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const settings = await effectiveSettings(context.environment, modelArgument(argument, flags));
  const choice = modelChoice(settings, context.environment);
  const tools = toolNames(settings.get("tools") ?? []);
  const { stdin, stdout, env } = context.environment;
  if (stdin.isTTY !== true || stdout.isTTY !== true || env["TERM"] === "dumb") {
    if (choice.kind === "none") context.stderr.write(`${demoNote}\n`);
    const surface = new PipedSurface(context);
    const session = await begin({ context, settings, choice, tools, surface });
    return pipedChat(session, context).finally(() => session.close());
  }
  return atTerminal({ context, settings, choice, tools });
}

interface Beginning {
  context: CommandContext;
  settings: EffectiveSettings;
  choice: ModelChoice;
  tools: readonly BuiltInToolName[];
}

async function atTerminal({ context, settings, choice, tools }: Beginning): Promise<ExitCode> {
  const { environment, stdout, interruption } = context;
  const isPlain = settings.get("plain") === true;
  const wanted = { flag: settings.from("color", "flag"), file: settings.get("color") };
  const colors = palette(!isPlain && isColored(environment.stdout, environment, wanted));
  const keys = new KeyReader(environment.stdin, (text) => stdout.write(text));
  const surface = new TerminalSurface(context, { keys, palette: colors, isPlain });
  const release = interruption.takeOver(() => keys.interrupt());
  const end = () => keys.end();
  interruption.signal.addEventListener("abort", end, { once: true });
  keys.start();
  try {
    // While the model is loaded, Ctrl-C ends the program.
    const free = surface.onInterrupt(() => interruption.end("SIGINT"));
    const chosen = choice.kind === "none" ? await picked(surface, settings, context) : choice;
    const session = await begin({ context, settings, choice: chosen, tools, surface });
    free();
    try {
      greet(session, surface, choice.kind === "none" && chosen.kind === "none");
      return await terminalChat(session, { context, keys, history: await InputHistory.open(settings.stateFolder) });
    } finally {
      await session.close();
    }
  } finally {
    release();
    interruption.signal.removeEventListener("abort", end);
    keys.stop();
  }
}

async function begin({
  context,
  settings,
  choice,
  tools,
  surface,
}: Beginning & { surface: ChatSurface }): Promise<ChatSession> {
  const session = new ChatSession(context, surface, settings, await openModel(choice, settings, context));
  for (const name of tools) session.tools.add(name);
  return session;
}

/** A model of this machine, where there are others than the demo model. */
async function picked(
  surface: ChatSurface,
  settings: EffectiveSettings,
  { environment }: CommandContext,
): Promise<ModelChoice> {
  const choices = await modelChoices();
  if (choices.length === 1) return { kind: "none" };
  const name = await surface.choose("Which model? (wick chat <model>, or WICK_MODEL, says it at once)", choices);
  return name === undefined ? { kind: "none" } : localChoice(name, settings, environment);
}

function greet({ model: { name, model } }: ChatSession, surface: ChatSurface, isDefault: boolean): void {
  const { info } = model;
  const about = [info.architecture, info.quantization, info.device].filter((part) => part !== undefined);
  if (isDefault) surface.note(demoNote);
  surface.note(`${name}${about.length === 0 ? "" : ` (${about.join(", ")})`}. /help lists commands and keys.`);
}

function toolNames(given: readonly string[]): readonly BuiltInToolName[] {
  return given.flatMap((name) => {
    if (name === "all") return builtInToolNames;
    const known = builtInToolNames.find((tool) => tool === name);
    if (known !== undefined) return [known];
    const similar = nearest(name, builtInToolNames);
    const advice = similar === undefined ? `There are ${builtInToolNames.join(", ")}.` : `Did you mean ${similar}?`;
    throw new UsageError(`--tools: there is no tool "${name}". ${advice}`);
  });
}
