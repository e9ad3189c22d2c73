import { countText } from "../output/quantity.js";
import { textTable } from "../output/text-table.js";
import { errorText } from "../failure.js";
import { nearest } from "../nearest.js";
import { statsText } from "../run/stats.js";
import type { Completion } from "../terminal/line-editor.js";
import { type BuiltInToolName, builtInToolNames, builtInTools } from "./built-in-tools.js";
import { type ChatSession, yesOrNo } from "./chat-session.js";
import { modelChoices } from "./model-choices.js";
import { isChatName, nameOf } from "./saved-chats.js";

/** What comes of a command: whether the conversation goes on, and whether it worked. */
export interface CommandResult {
  isOver?: boolean;
  isFailure?: boolean;
  /** The model has answered. */
  isAnswer?: boolean;
}

interface SlashCommand {
  /** What stands behind the name. */
  usage?: string;
  summary: string;
  run(session: ChatSession, argument: string): Promise<CommandResult>;
  /** What can stand behind the name. */
  complete?(session: ChatSession): Promise<readonly string[]>;
}

const done: CommandResult = {};

const commands: Readonly<Record<string, SlashCommand>> = {
  help: { summary: "list commands and keys", run: help },
  system: { usage: "[text]", summary: 'tell the model what to be; "none" takes it back', run: system },
  save: { usage: "[name]", summary: "save the conversation", run: save },
  load: { usage: "[name]", summary: "go on with a saved conversation", run: load, complete: savedNames },
  model: { usage: "[name]", summary: "go on with another model", run: model, complete: modelNames },
  retry: { summary: "have the last message answered again", run: retry },
  stats: { summary: "show the model, the conversation and the last answer in figures", run: stats },
  tools: {
    usage: "[name|all on|off]",
    summary: "list the tools that the model may use, or switch one",
    run: tools,
    complete: async () => toolWords,
  },
  clear: { summary: "forget the conversation", run: clear },
  quit: { summary: "end", run: async () => ({ isOver: true }) },
};

const names = Object.keys(commands);
const toolWords = ["all", ...builtInToolNames].flatMap((name) => [`${name} on`, `${name} off`]);

/** Runs a command. What goes wrong is told, and ends nothing. */
export async function runSlashCommand(
  session: ChatSession,
  { name, argument }: { name: string; argument: string },
): Promise<CommandResult> {
  const known = name === "exit" ? "quit" : name;
  const command = Object.hasOwn(commands, known) ? commands[known] : undefined;
  if (command === undefined) {
    const similar = nearest(name, names);
    const advice = similar === undefined ? "/help lists them." : `Did you mean /${similar}?`;
    session.surface.fail(`There is no command /${name}. ${advice} A message that begins with a slash begins with two.`);
    return { isFailure: true };
  }
  try {
    return await command.run(session, argument);
  } catch (error) {
    session.surface.fail(errorText(error));
    return { isFailure: true };
  }
}

/** What can stand at the end of a text that begins a command. */
export async function completeSlashCommand(session: ChatSession, text: string): Promise<Completion> {
  const [, name, gap, argument = ""] = /^\/([A-Za-z]*)(?:(\s+)([^\n]*))?$/.exec(text) ?? [];
  if (name === undefined) return { from: text.length, candidates: [] };
  const isName = gap === undefined;
  const words = isName ? names.map((known) => `/${known}`) : await (commands[name]?.complete?.(session) ?? []);
  const begun = isName ? text : argument;
  return { from: text.length - begun.length, candidates: words.filter((word) => word.startsWith(begun)) };
}

const keys = [
  ["Enter", "send"],
  ["Alt+Enter, Ctrl+J", "another line; so does \\ at the end of one"],
  ['"""', "begins and ends a message of several lines"],
  ["Up, Down", "earlier messages; Ctrl+R searches them"],
  ["Tab", "complete a command"],
  ["Ctrl+C", "stop the answer; twice on an empty line: end"],
  ["Ctrl+D", "end"],
] as const;

async function help({ surface }: ChatSession): Promise<CommandResult> {
  const rows = Object.entries(commands).map(([name, { usage, summary }]) => [
    `/${name}${usage === undefined ? "" : ` ${usage}`}`,
    summary,
  ]);
  surface.say(textTable([{ title: "COMMAND" }, { title: "" }], rows));
  surface.say(`\n${textTable([{ title: "KEY" }, { title: "" }], keys)}`);
  return done;
}

async function system({ surface, conversation }: ChatSession, argument: string): Promise<CommandResult> {
  if (argument === "") {
    surface.say(conversation.system ?? "There is no system prompt.");
    return done;
  }
  conversation.system = argument === "none" ? undefined : argument;
  surface.note(argument === "none" ? "There is no system prompt any more." : "From the next message on.");
  return done;
}

async function save(session: ChatSession, argument: string): Promise<CommandResult> {
  const { surface, saved, conversation } = session;
  if (conversation.turns.length === 0) {
    surface.fail("Nothing was said yet.");
    return { isFailure: true };
  }
  const name = argument === "" ? (session.savedAs ?? nameOf(conversation, new Date())) : argument;
  if (!isChatName(name)) {
    surface.fail("A name has letters, digits, spaces, and . _ -, and is not longer than 100 characters.");
    return { isFailure: true };
  }
  const isAnother = name !== session.savedAs && (await saved.has(name));
  if (isAnother) {
    if ((await surface.ask(`There is a conversation "${name}". Replace it?`, yesOrNo)) !== "yes") {
      surface.note("Not saved.");
      return { isFailure: true };
    }
  }
  await saved.save(name, { conversation, model: session.model.name });
  session.savedAs = name;
  surface.note(`Saved: /load ${name}`);
  return done;
}

async function load(session: ChatSession, argument: string): Promise<CommandResult> {
  const { surface, saved } = session;
  const name = argument === "" ? await chosenChat(session) : argument;
  if (name === undefined) return done;
  const { conversation, model: with_ } = await saved.load(name);
  session.conversation = conversation;
  session.savedAs = name;
  for (const turn of conversation.turns) {
    surface.say(`> ${turn.user.replaceAll("\n", "\n  ")}`);
    for (const message of turn.answer) if (typeof message.content === "string") surface.show(message.content);
    surface.say("");
  }
  const isOther = with_ === session.model.name ? "" : ` It was held with ${with_}.`;
  surface.note(`Loaded "${name}": ${countText(conversation.turns.length, "turn")}.${isOther}`);
  return done;
}

async function chosenChat({ surface, saved }: ChatSession): Promise<string | undefined> {
  const chats = await saved.list();
  if (chats.length === 0) {
    surface.note("No conversation is saved yet.");
    return undefined;
  }
  const choices = chats.map(({ name, savedAt }) => ({
    value: name,
    label: name,
    hint: savedAt.toISOString().slice(0, 16).replace("T", " "),
  }));
  return surface.choose("Which conversation?", choices);
}

async function savedNames({ saved }: ChatSession): Promise<readonly string[]> {
  return (await saved.list()).map(({ name }) => name);
}

async function model(session: ChatSession, argument: string): Promise<CommandResult> {
  const { surface } = session;
  const name = argument === "" ? await surface.choose("Which model?", await modelChoices()) : argument;
  if (name === undefined) {
    surface.note(`The model is ${session.model.name}.`);
    return done;
  }
  await session.changeModel(name);
  surface.note(`The model is ${session.model.name} from now on.`);
  return done;
}

async function modelNames(): Promise<readonly string[]> {
  return (await modelChoices()).map(({ value }) => value);
}

async function retry(session: ChatSession): Promise<CommandResult> {
  return { isFailure: !(await session.retry()), isAnswer: true };
}

async function stats(session: ChatSession): Promise<CommandResult> {
  const { surface, conversation, lastAnswer, model: opened } = session;
  const { info } = opened.model;
  const about = [info.architecture, info.quantization, info.engine, info.device].filter((part) => part !== undefined);
  const lines = [`Model: ${opened.name}${about.length === 0 ? "" : ` (${about.join(", ")})`}`];
  // What a next message would begin with; a model that is asked for nothing counts nothing.
  const tokens = await opened.model.countTokens({ messages: conversation.messages("") }).catch(() => undefined);
  const size = tokens === undefined ? "" : `, ${tokens} of ${info.contextLength ?? "unknown"} tokens`;
  lines.push(
    `Conversation: ${countText(conversation.turns.length, "turn")}${conversation.turns.length === 0 ? "" : size}`,
  );
  if (lastAnswer?.completion !== undefined) lines.push(`Last answer: ${statsText(lastAnswer.completion)}`);
  if (info.backend !== "remote") {
    const { kvBytesUsed, kvBytesTotal, cachedTokens } = opened.model.stats();
    const used = `${(kvBytesUsed / 1e6).toFixed(1)} of ${(kvBytesTotal / 1e6).toFixed(1)} MB`;
    lines.push(`Keys and values: ${used}, ${countText(cachedTokens, "token")} kept`);
  }
  surface.say(lines.join("\n"));
  return done;
}

async function tools(session: ChatSession, argument: string): Promise<CommandResult> {
  const { surface } = session;
  const [, name, state] = /^(\w+)(?:\s+(on|off))?$/.exec(argument) ?? [];
  if (argument === "") {
    const rows = builtInToolNames.map((known) => [
      known,
      session.tools.has(known) ? "on" : "off",
      builtInTools[known].summary,
    ]);
    surface.say(textTable([{ title: "TOOL" }, { title: "" }, { title: "" }], rows));
    return done;
  }
  const chosen = name === "all" ? builtInToolNames : builtInToolNames.filter((known) => known === name);
  if (chosen.length === 0) {
    const similar = nearest(name ?? argument, builtInToolNames);
    const advice = similar === undefined ? `There are ${builtInToolNames.join(", ")}.` : `Did you mean ${similar}?`;
    surface.fail(`There is no tool "${name ?? argument}". ${advice}`);
    return { isFailure: true };
  }
  switchTools(session, chosen, state);
  return done;
}

function switchTools(
  { tools: active, surface, model: { model: current } }: ChatSession,
  chosen: readonly BuiltInToolName[],
  state: string | undefined,
): void {
  // Without a word it is the other way round.
  const isOn = state === undefined ? !chosen.every((name) => active.has(name)) : state === "on";
  for (const name of chosen) {
    if (isOn) active.add(name);
    else active.delete(name);
  }
  surface.note(`${chosen.join(", ")}: ${isOn ? "on. You are asked before one runs." : "off."}`);
  if (isOn && !current.info.capabilities.tools) surface.note("This model was not taught to call tools.");
}

async function clear(session: ChatSession): Promise<CommandResult> {
  session.conversation.clear();
  session.savedAs = undefined;
  session.lastAnswer = undefined;
  session.surface.clearScreen();
  session.surface.note("A new conversation.");
  return done;
}
