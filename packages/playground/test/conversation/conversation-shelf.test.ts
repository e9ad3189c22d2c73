import { describe, expect, test } from "vitest";
import { newConversation, withTurn } from "../../src/conversation/conversation.ts";
import { conversationJson } from "../../src/conversation/conversation-json.ts";
import { ConversationShelf, ShelfFullError, mostConversations } from "../../src/conversation/conversation-shelf.ts";
import { PassingTexts } from "../../src/page/kept-texts.ts";
import { branched, question } from "./conversations.ts";

/** A browser that has room for so many characters. */
class SmallTexts extends PassingTexts {
  room: number;

  constructor(room: number) {
    super();
    this.room = room;
  }

  override setItem(key: string, text: string): void {
    if (text.length > this.room) throw new DOMException("full", "QuotaExceededError");
    super.setItem(key, text);
  }
}

const ids = (shelf: ConversationShelf) => shelf.list.value.map(({ id }) => id);

test("what was put there is there at the next visit, the last changed first", () => {
  const kept = new PassingTexts();
  const shelf = new ConversationShelf(kept);
  shelf.put({ ...branched(), id: "one", changedAt: 1 });
  shelf.put({ ...branched(), id: "two", changedAt: 3 });
  shelf.put({ ...branched(), id: "three", changedAt: 2 });
  expect(ids(shelf)).toEqual(["two", "three", "one"]);
  const next = new ConversationShelf(kept);
  expect(ids(next)).toEqual(["two", "three", "one"]);
  expect(next.get("one")).toEqual({ ...branched(), id: "one", changedAt: 1 });
  next.remove("two");
  expect(ids(new ConversationShelf(kept))).toEqual(["three", "one"]);
});

test("what the browser has no room for is there for the visit, and it is said", () => {
  const kept = new SmallTexts(500);
  const shelf = new ConversationShelf(kept);
  const small = { ...newConversation(1), id: "small" };
  shelf.put(small);
  expect(() => shelf.put(withTurn(small, question("q", null, "x".repeat(500))))).toThrow(ShelfFullError);
  expect(shelf.get("small")?.turns).toHaveLength(1);
  expect(new ConversationShelf(kept).get("small")?.turns).toHaveLength(0);
});

test("it is full with so many", () => {
  const shelf = new ConversationShelf(new PassingTexts());
  for (let number = 1; number < mostConversations; number += 1) shelf.put({ ...newConversation(1), id: `c${number}` });
  expect(shelf.isFull).toBe(false);
  shelf.put({ ...newConversation(1), id: "last" });
  expect(shelf.isFull).toBe(true);
});

describe("entries that cannot be read", () => {
  test("are told, and left where they are", () => {
    const kept = new PassingTexts();
    kept.setItem("wick.conversation.broken", "{");
    kept.setItem("wick.conversation.other", conversationJson({ ...branched(), id: "another" }));
    kept.setItem("something else", "{");
    kept.setItem("wick.conversation.one", conversationJson({ ...branched(), id: "one" }));
    const shelf = new ConversationShelf(kept);
    expect(ids(shelf)).toEqual(["one"]);
    expect(shelf.damaged).toEqual(["wick.conversation.broken", "wick.conversation.other"]);
    expect(kept.getItem("wick.conversation.broken")).toBe("{");
  });
});

test("what another page changes is seen", () => {
  const kept = new PassingTexts();
  const here = new ConversationShelf(kept);
  const there = new ConversationShelf(kept);
  there.put({ ...branched(), id: "one" });
  here.changedElsewhere("wick.conversation.one");
  expect(ids(here)).toEqual(["one"]);
  there.remove("one");
  here.changedElsewhere("wick.conversation.one");
  expect(ids(here)).toEqual([]);
  here.changedElsewhere(null);
  here.changedElsewhere("wick.settings");
  expect(ids(here)).toEqual([]);
});
