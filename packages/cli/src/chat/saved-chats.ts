import { mkdir, readFile, readdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Message } from "wick";
import { Failure } from "../failure.js";
import { Conversation, type Turn, type TurnOutcome } from "./conversation.js";

/** A conversation in a file. */
export interface SavedChat {
  conversation: Conversation;
  /** What the model was called. */
  model: string;
}

/** What is known of a saved conversation without reading it. */
export interface SavedChatName {
  name: string;
  savedAt: Date;
}

const format = 1;
const outcomes: readonly TurnOutcome[] = ["whole", "stopped", "cut", "failed"];

/** Conversations in a folder, a file each. They are their owner's alone. */
export class SavedChats {
  readonly #folder: string;

  /** @param stateFolder - Where the program keeps its state. */
  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, "chats");
  }

  pathOf(name: string): string {
    return join(this.#folder, `${name}.json`);
  }

  /** The newest first. */
  async list(): Promise<SavedChatName[]> {
    const files = await readdir(this.#folder).catch(() => []);
    const names = files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length));
    const dated = await Promise.all(
      names.map(async (name) => ({ name, savedAt: (await stat(this.pathOf(name))).mtime })),
    );
    return dated.toSorted((left, right) => right.savedAt.getTime() - left.savedAt.getTime());
  }

  async has(name: string): Promise<boolean> {
    return stat(this.pathOf(name)).then(
      () => true,
      () => false,
    );
  }

  /** Writes a conversation whole, or leaves what there was. */
  async save(name: string, { conversation, model }: SavedChat): Promise<void> {
    const { system, turns } = conversation;
    const chat = { format, savedAt: new Date().toISOString(), model, ...(system !== undefined && { system }), turns };
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const part = `${this.pathOf(name)}.${process.pid}.part`;
    await writeFile(part, `${JSON.stringify(chat, undefined, 2)}\n`, { mode: 0o600 });
    await rename(part, this.pathOf(name));
  }

  /** @throws {@link Failure} for what is no saved conversation. */
  async load(name: string): Promise<SavedChat> {
    const path = this.pathOf(name);
    let value: unknown;
    try {
      value = JSON.parse(await readFile(path, "utf8"));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") throw new Failure(`There is no saved conversation "${name}".`, { cause: error });
      throw new Failure(`${path} is no saved conversation: ${message}`, { cause: error });
    }
    return chatOf(value, path);
  }
}

/** A name that a conversation can be saved by: a file has it, in no other folder. */
export function isChatName(name: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}._ -]{0,99}$/u.test(name);
}

/** A name for a conversation that nobody named: the day, and what it is about. */
export function nameOf({ turns }: Conversation, now: Date): string {
  const words = turns[0]?.user.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ["chat"];
  return `${now.toISOString().slice(0, 10)}-${words.slice(0, 6).join("-")}`.slice(0, 80);
}

function chatOf(value: unknown, path: string): SavedChat {
  const wrong = (where: string) => new Failure(`${path} is no saved conversation of this version: ${where} is wrong.`);
  if (!isRecord(value)) throw wrong("all of it");
  const { format: given, model, system, turns } = value;
  if (given !== format) throw wrong("format");
  if (typeof model !== "string") throw wrong("model");
  if (system !== undefined && typeof system !== "string") throw wrong("system");
  if (!Array.isArray(turns)) throw wrong("turns");
  const read = turns.map((turn: unknown, index): Turn => {
    const outcome = isRecord(turn) ? outcomes.find((known) => known === turn["outcome"]) : undefined;
    if (!isRecord(turn) || outcome === undefined || typeof turn["user"] !== "string") throw wrong(`turns[${index}]`);
    const { user, answer } = turn;
    if (!Array.isArray(answer) || !answer.every(isMessage)) throw wrong(`turns[${index}].answer`);
    return { user, answer, outcome };
  });
  return { model, conversation: new Conversation(system, read) };
}

/** Whether it is a message of the model or of a tool; what is in it the engine checks with each request. */
function isMessage(value: unknown): value is Message {
  return isRecord(value) && (value["role"] === "assistant" || value["role"] === "tool");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
