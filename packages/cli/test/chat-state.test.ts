import { appendFile, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ChatCompletion, Message } from "wick";
import { Conversation, answerMessages } from "../src/chat/conversation.ts";
import { InputHistory } from "../src/chat/input-history.ts";
import { messageOf, needsMoreLines, slashCommand } from "../src/chat/message-text.ts";
import { SavedChats, isChatName, nameOf } from "../src/chat/saved-chats.ts";
import { temporaryFolder } from "./in-process.ts";

const answered = (user: string, content: string) => ({
  user,
  answer: [{ role: "assistant", content }] satisfies Message[],
  outcome: "whole" as const,
});

describe("a conversation", () => {
  test("has the messages of its turns, without those that were not answered", () => {
    const failed = { user: "two", answer: [], outcome: "failed" as const };
    const conversation = new Conversation("Be brief.", [answered("one", "1"), failed, answered("three", "3")]);
    expect(conversation.messages("four").map(({ content }) => content)).toEqual([
      "Be brief.",
      "one",
      "1",
      "three",
      "3",
      "four",
    ]);
  });

  test("forgets its oldest turn that was answered, and those before it", () => {
    const conversation = new Conversation(undefined, [
      { user: "zero", answer: [], outcome: "failed" },
      answered("one", "1"),
      answered("two", "2"),
    ]);
    expect(conversation.dropOldest()).toBe(true);
    expect(conversation.turns.map(({ user }) => user)).toEqual(["two"]);
    expect(conversation.dropOldest()).toBe(true);
    expect(conversation.dropOldest()).toBe(false);
  });

  test("keeps of an answer what can be sent again", () => {
    const call = { id: "1", type: "function" as const, function: { name: "f", arguments: "{" } };
    const of = (message: object, transcript?: Message[]) =>
      answerMessages({ choices: [{ message }], ...(transcript && { transcript }) } as unknown as ChatCompletion);
    expect(of({ role: "assistant", content: "Hi", toolCalls: [call] })).toEqual([{ role: "assistant", content: "Hi" }]);
    expect(of({ role: "assistant", content: "", toolCalls: [call] })).toEqual([]);
    const rounds: Message[] = [
      { role: "assistant", content: "", toolCalls: [call] },
      { role: "tool", toolCallId: "1", content: "ok" },
    ];
    expect(of({}, [...rounds, { role: "assistant", content: "" }])).toEqual(rounds);
  });
});

describe("saved conversations", () => {
  test("come back as they were, and are their owner's alone", async () => {
    const folder = temporaryFolder();
    const saved = new SavedChats(folder);
    const conversation = new Conversation("System", [answered("Grüße\n漢字", "**Hi**")]);
    await saved.save("my chat", { conversation, model: "demo" });
    const loaded = await saved.load("my chat");
    expect(loaded.model).toBe("demo");
    expect(loaded.conversation.messages()).toEqual(conversation.messages());
    expect((await saved.list()).map(({ name }) => name)).toEqual(["my chat"]);
    expect((await stat(saved.pathOf("my chat"))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, "chats"))).toEqual(["my chat.json"]);
  });

  test.each([
    ["is no saved conversation: ", "{"],
    ["all of it", "[]"],
    ["format", '{"format":2}'],
    ["turns[0]", '{"format":1,"model":"m","turns":[{"user":1}]}'],
    [
      "turns[0].answer",
      '{"format":1,"model":"m","turns":[{"user":"x","outcome":"whole","answer":[{"role":"system"}]}]}',
    ],
  ])("that are none say why: %s", async (reason, text) => {
    const saved = new SavedChats(temporaryFolder());
    await mkdir(join(saved.pathOf("x"), ".."), { recursive: true });
    await writeFile(saved.pathOf("x"), text);
    await expect(saved.load("x")).rejects.toThrow(reason);
  });

  test("have names that no other folder can be reached by", () => {
    for (const name of ["chat", "my chat", "2026-11-30-héllo", "a.b"]) expect(isChatName(name), `${name}`).toBe(true);
    for (const name of ["", "../x", "a/b", ".hidden", "a\\b", "a\nb", "x".repeat(101)]) {
      expect(isChatName(name), `${name}`).toBe(false);
    }
    const now = new Date("2026-11-30T10:00:00Z");
    const name = nameOf(new Conversation(undefined, [answered("Why, oh why is the sky blue?/..", "x")]), now);
    expect(name).toBe("2026-11-30-why-oh-why-is-the-sky");
    expect(isChatName(name)).toBe(true);
  });
});

describe("the history of inputs", () => {
  test("is there in the next run, without repetitions and what was cut", async () => {
    const folder = temporaryFolder();
    const history = await InputHistory.open(folder);
    for (const entry of ["one", "one", "  ", "two\nlines"]) await history.add(entry);
    await appendFile(join(folder, "history.jsonl"), '"cut');
    expect((await InputHistory.open(folder)).entries).toEqual(["one", "two\nlines"]);
    expect((await stat(join(folder, "history.jsonl"))).mode & 0o777).toBe(0o600);
  });

  test("is kept short", async () => {
    const folder = temporaryFolder();
    const lines = Array.from({ length: 1300 }, (_, index) => `"${index}"\n`);
    await writeFile(join(folder, "history.jsonl"), lines.join(""));
    const { entries } = await InputHistory.open(folder);
    expect([entries.length, entries[0], entries.at(-1)]).toEqual([1000, "300", "1299"]);
    expect((await readFile(join(folder, "history.jsonl"), "utf8")).split("\n")).toHaveLength(1001);
  });

  test("that cannot be written is kept for the run", async () => {
    const file = join(temporaryFolder(), "file");
    await writeFile(file, "");
    const history = await InputHistory.open(join(file, "below"));
    await history.add("one");
    expect(history.entries).toEqual(["one"]);
  });
});

describe("what is written", () => {
  test("is a message, without the quotes around it and the second slash", () => {
    expect(messageOf(' """\none\ntwo\n""" ')).toBe("one\ntwo");
    expect(messageOf('"""one"""')).toBe("one");
    expect(messageOf('say """hi"""')).toBe('say """hi"""');
    expect(messageOf('""""')).toBe('""""');
    expect(messageOf("//not a command")).toBe("/not a command");
    expect(needsMoreLines('"""one')).toBe(true);
    expect(needsMoreLines('"""one"""')).toBe(false);
    expect(needsMoreLines('one"""')).toBe(false);
  });

  test("is a command, if it begins with one", () => {
    expect(slashCommand("/save  my chat ")).toEqual({ name: "save", argument: "my chat" });
    expect(slashCommand("/system one\ntwo")).toEqual({ name: "system", argument: "one\ntwo" });
    expect(slashCommand("/usr/bin is a folder")).toBeUndefined();
    expect(slashCommand("//x")).toBeUndefined();
  });
});
