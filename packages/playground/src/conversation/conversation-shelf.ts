import { type ReadonlySignal, signal } from "@preact/signals";
import { conversationJson, readConversation } from "./conversation-json.js";
import type { Conversation } from "./conversation.js";
import { FormatError } from "./json-reader.js";

/** What of `localStorage` is used. */
export type KeptTexts = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

/** So many are kept; the browser's own limit, about 5 MB, may come sooner. */
export const mostConversations = 100;

const prefix = "wick.conversation.";

/** The browser keeps no more. */
export class ShelfFullError extends Error {
  override readonly name = "ShelfFullError";
}

/** The conversations that the browser keeps, and those of this visit that it could not. */
export class ConversationShelf {
  readonly #kept: KeptTexts;
  readonly #list = signal<readonly Conversation[]>([]);
  /** Entries that could not be read. They are left where they are. */
  readonly damaged: readonly string[];

  constructor(kept: KeptTexts) {
    this.#kept = kept;
    const found: Conversation[] = [];
    const damaged: string[] = [];
    for (let index = 0; index < kept.length; index += 1) {
      const key = kept.key(index);
      if (key === null || !key.startsWith(prefix)) continue;
      const conversation = this.#read(key);
      if (conversation === undefined) damaged.push(key);
      else found.push(conversation);
    }
    this.damaged = damaged;
    this.#list.value = sorted(found);
  }

  /** The last changed first. */
  get list(): ReadonlySignal<readonly Conversation[]> {
    return this.#list;
  }

  get isFull(): boolean {
    return this.#list.value.length >= mostConversations;
  }

  get(id: string): Conversation | undefined {
    return this.#list.value.find((conversation) => conversation.id === id);
  }

  /**
   * Puts a conversation in the place of the one of the same id. It is there for this visit in any case.
   *
   * @throws ShelfFullError where the browser has no room to keep it.
   */
  put(conversation: Conversation): void {
    this.show(conversation);
    this.keep(conversation);
  }

  /**
   * Keeps a conversation for later visits, and shows this one as it was.
   *
   * @throws ShelfFullError where the browser has no room to keep it.
   */
  keep(conversation: Conversation): void {
    try {
      this.#kept.setItem(prefix + conversation.id, conversationJson(conversation));
    } catch (cause) {
      const message = "This browser has no room left for conversations. Delete some, or export this one to keep it.";
      throw new ShelfFullError(message, { cause });
    }
  }

  /** The same, for this visit alone. */
  show(conversation: Conversation): void {
    const others = this.#list.value.filter(({ id }) => id !== conversation.id);
    this.#list.value = sorted([...others, conversation]);
  }

  remove(id: string): void {
    this.#list.value = this.#list.value.filter((conversation) => conversation.id !== id);
    this.#kept.removeItem(prefix + id);
  }

  /** Another page of the same browser has changed an entry. */
  changedElsewhere(key: string | null): void {
    if (key === null || !key.startsWith(prefix)) return;
    const conversation = this.#read(key);
    const id = key.slice(prefix.length);
    if (conversation !== undefined) this.show(conversation);
    else if (this.#kept.getItem(key) === null) {
      this.#list.value = this.#list.value.filter((other) => other.id !== id);
    }
  }

  #read(key: string): Conversation | undefined {
    try {
      const conversation = readConversation(this.#kept.getItem(key) ?? "");
      return prefix + conversation.id === key ? conversation : undefined;
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }
}

function sorted(conversations: readonly Conversation[]): readonly Conversation[] {
  return conversations.toSorted((one, other) => other.changedAt - one.changedAt);
}
