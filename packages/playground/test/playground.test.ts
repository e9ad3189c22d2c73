import { describe, expect, test } from "vitest";
import { type ScriptedModelOptions, scriptedModel } from "wick/testing";
import { branchOf } from "../src/conversation/conversation.ts";
import { ConversationShelf, mostConversations } from "../src/conversation/conversation-shelf.ts";
import type { Turn } from "../src/conversation/turn.ts";
import { ModelChoice } from "../src/models/model-choice.ts";
import { ServerKey } from "../src/models/server-key.ts";
import { Announcer } from "../src/page/announcer.ts";
import { PassingTexts } from "../src/page/kept-texts.ts";
import { Notices } from "../src/page/notices.ts";
import { Playground } from "../src/playground.ts";
import { KeptSettings } from "../src/settings/kept-settings.ts";
import { ManualClock } from "./run/manual-clock.ts";

/** A playground whose model, in the page, answers from a script. */
async function open(replies: ScriptedModelOptions["replies"], kept = new PassingTexts()) {
  const model = scriptedModel({ replies });
  const announcer = new Announcer();
  const notices = new Notices(announcer);
  const models = new ModelChoice("http://localhost", new ServerKey(undefined), () => Promise.resolve(model));
  await models.runInBrowser(true);
  const shelf = new ConversationShelf(kept);
  const settings = new KeptSettings(kept);
  const playground = new Playground({ shelf, settings, models, announcer, notices, clock: new ManualClock() });
  return { playground, model, kept, settings, models, notices };
}

const ended = async (playground: Playground) => await playground.run.value?.ended;
const texts = (turns: readonly Turn[]) =>
  turns.map((turn) =>
    turn.kind === "user" ? turn.text : turn.parts.map((part) => (part.kind === "tool" ? part.name : part.text)).join(),
  );
const shown = (playground: Playground) => texts(branchOf(playground.conversation.value));
const told = ({ shown: all }: Notices) => all.value.map(({ text }) => text);

/** Asks questions, one after the other. */
async function ask(playground: Playground, ...questions: string[]): Promise<void> {
  for (const question of questions) {
    expect(playground.send(question)).toBe(true);
    await ended(playground);
  }
}

function lastOf<K extends Turn["kind"]>(playground: Playground, kind: K): Extract<Turn, { kind: K }> {
  const turn = branchOf(playground.conversation.value).findLast((one) => one.kind === kind);
  if (turn === undefined) throw new Error(`no ${kind}`);
  return turn as Extract<Turn, { kind: K }>;
}

test("a conversation goes on from its answers, with the system prompt and the settings", async () => {
  const { playground, model, settings } = await open(["One.", "Two."]);
  playground.setSystem("Be brief.");
  settings.changeNumber("temperature", "0.5");
  await ask(playground, "First?", "Second?");
  expect(shown(playground)).toEqual(["First?", "One.", "Second?", "Two."]);
  expect(model.calls.map(({ request }) => request)).toMatchObject([
    { temperature: 0.5, messages: [{ role: "system", content: "Be brief." }, { content: "First?" }] },
    { messages: [{ role: "system" }, { content: "First?" }, { content: "One." }, { content: "Second?" }] },
  ]);
});

test("it is there at the next visit", async () => {
  const { playground, kept } = await open(["One."]);
  await ask(playground, "First?");
  const next = await open(["Two."], kept);
  const [conversation] = next.playground.shelf.list.value;
  next.playground.open(conversation?.id ?? "");
  expect(shown(next.playground)).toEqual(["First?", "One."]);
  await ask(next.playground, "Second?");
  expect(shown(next.playground)).toEqual(["First?", "One.", "Second?", "Two."]);
});

test("nothing is kept before something is said", async () => {
  const { playground, kept } = await open(["One."]);
  expect(playground.send("  \n")).toBe(false);
  expect(kept.length).toBe(0);
});

describe("branches", () => {
  test("begin where a question is edited, and the old one stays beside", async () => {
    const { playground, model } = await open(["One.", "Two.", "Other."]);
    await ask(playground, "First?", "Second?");
    expect(playground.edit(lastOf(playground, "user"), "Another?")).toBe(true);
    await ended(playground);
    expect(shown(playground)).toEqual(["First?", "One.", "Another?", "Other."]);
    expect(model.calls[2]?.request).toMatchObject({ messages: [{}, {}, { content: "Another?" }] });
    const second = playground.conversation.value.turns.find((turn) => turn.kind === "user" && turn.text === "Second?");
    if (second === undefined) throw new Error("no question");
    playground.show(second);
    expect(shown(playground)).toEqual(["First?", "One.", "Second?", "Two."]);
  });

  test("of the first question have nothing in common", async () => {
    const { playground, model } = await open(["One.", "Other."]);
    await ask(playground, "First?");
    playground.edit(lastOf(playground, "user"), "Another?");
    await ended(playground);
    expect(shown(playground)).toEqual(["Another?", "Other."]);
    expect(model.calls[1]?.request).toMatchObject({ messages: [{ content: "Another?" }] });
  });

  test("begin where an answer is given again", async () => {
    const { playground, model } = await open(["One.", "Again."]);
    await ask(playground, "First?");
    expect(playground.retry(lastOf(playground, "answer").parent)).toBe(true);
    await ended(playground);
    expect(shown(playground)).toEqual(["First?", "Again."]);
    expect(playground.conversation.value.turns).toHaveLength(3);
    expect(model.calls[1]?.request).toMatchObject({ messages: [{ content: "First?" }] });
  });

  test("a reader of another one stays there when an answer ends", async () => {
    const { playground } = await open(["One.", { text: "Late.", end: { kind: "hang" } }]);
    await ask(playground, "First?");
    const first = lastOf(playground, "answer");
    playground.retry(first.parent);
    playground.show(first);
    expect(playground.stop()).toBe(true);
    await ended(playground);
    expect(shown(playground)).toEqual(["First?", "One."]);
    expect(playground.conversation.value.turns).toHaveLength(3);
  });
});

describe("deleting", () => {
  test("takes what follows along, until someone wants it back", async () => {
    const { playground, notices } = await open(["One.", "Two."]);
    await ask(playground, "First?", "Second?");
    playground.delete(lastOf(playground, "user"));
    expect(shown(playground)).toEqual(["First?", "One."]);
    notices.shown.value.at(-1)?.action?.act();
    expect(shown(playground)).toEqual(["First?", "One.", "Second?", "Two."]);
  });

  test("what is said meanwhile is not lost when it comes back", async () => {
    const { playground, notices } = await open(["One.", "Two.", "New."]);
    await ask(playground, "First?", "Second?");
    playground.delete(lastOf(playground, "user"));
    await ask(playground, "New?");
    notices.shown.value.at(-1)?.action?.act();
    expect(shown(playground)).toEqual(["First?", "One.", "Second?", "Two."]);
    expect(texts(playground.conversation.value.turns)).toContain("New.");
  });

  test("a question that is being answered stops the answer", async () => {
    const { playground } = await open([{ text: "A", end: { kind: "hang" } }]);
    playground.send("First?");
    const { value: run } = playground.run;
    playground.delete(lastOf(playground, "user"));
    expect(await run?.ended).toMatchObject({ outcome: { kind: "cancelled" } });
    expect(playground.conversation.value.turns).toEqual([]);
  });

  test("a question without an answer is asked in the place of the next", async () => {
    const { playground, model } = await open(["One.", "Two."]);
    await ask(playground, "First?");
    playground.delete(lastOf(playground, "answer"));
    await ask(playground, "Second?");
    expect(model.calls[1]?.request).toMatchObject({ messages: [{ content: "Second?" }] });
  });

  test("a conversation shows the next, until someone wants it back", async () => {
    const { playground, notices } = await open(["One.", "Two."]);
    await ask(playground, "First?");
    playground.begin();
    await ask(playground, "Second?");
    playground.deleteConversation(playground.conversation.value);
    expect(shown(playground)).toEqual(["First?", "One."]);
    expect(told(notices).at(-1)).toBe("“Second?” is deleted.");
    notices.shown.value.at(-1)?.action?.act();
    expect(shown(playground)).toEqual(["Second?", "Two."]);
  });
});

describe("what cannot be asked", () => {
  test("says which setting is wrong", async () => {
    const { playground, model, settings, notices } = await open(["One."]);
    settings.changeNumber("temperature", "11");
    expect(playground.send("First?")).toBe(false);
    expect(told(notices)).toEqual(["A setting is wrong. Temperature must be a number from 0 to 10."]);
    expect(model.calls).toEqual([]);
  });

  test("one answer at a time", async () => {
    const { playground } = await open([{ text: "A", end: { kind: "hang" } }]);
    playground.send("First?");
    expect(playground.send("Second?")).toBe(false);
    expect(playground.obstacle()).toBe("running");
    expect(playground.stop()).toBe(true);
    await ended(playground);
    expect(playground.stop()).toBe(false);
    expect(playground.obstacle()).toBeUndefined();
  });

  test("without a model", async () => {
    const { playground, models, notices } = await open([]);
    await models.runInBrowser(false);
    expect(playground.send("First?")).toBe(false);
    expect(told(notices)).toEqual(["There is no model to ask yet."]);
  });
});

test("another conversation can be answered meanwhile", async () => {
  const { playground } = await open([{ text: "A", end: { kind: "hang" } }, "Two."]);
  playground.send("First?");
  const { value: first } = playground.run;
  const { id } = playground.conversation.value;
  playground.begin();
  expect(playground.obstacle()).toBeUndefined();
  await ask(playground, "Second?");
  first?.stop();
  await first?.ended;
  expect(shown(playground)).toEqual(["Second?", "Two."]);
  playground.open(id);
  expect(shown(playground)).toEqual(["First?", "A"]);
});

describe("the shelf", () => {
  test("when it is full, says so before anything is lost", async () => {
    const { playground, notices } = await open(["One."]);
    await ask(playground, "First?");
    const { value: conversation } = playground.conversation;
    for (let number = 1; number < mostConversations; number += 1) {
      playground.shelf.put({ ...conversation, id: `c${number}` });
    }
    expect(playground.begin()).toBe(false);
    expect(told(notices)).toEqual([
      `This browser keeps ${mostConversations} conversations. Delete one to begin another.`,
    ]);
    playground.import(JSON.stringify({}));
    expect(playground.shelf.list.value).toHaveLength(mostConversations);
  });

  test("where the browser keeps no more, what was said stays for the visit", async () => {
    class FullTexts extends PassingTexts {
      override setItem(): void {
        throw new DOMException("full", "QuotaExceededError");
      }
    }
    const { playground, notices } = await open(["One.", "Two."], new FullTexts());
    await ask(playground, "First?", "Second?");
    expect(shown(playground)).toEqual(["First?", "One.", "Second?", "Two."]);
    expect(told(notices)).toEqual([
      "This browser has no room left for conversations. Delete some, or export this one to keep it.",
    ]);
  });

  test("has what there is of an answer when the page goes", async () => {
    const { playground, kept } = await open([{ text: ["The ", "sky"], end: { kind: "hang" } }]);
    playground.send("First?");
    while ((playground.run.value?.log.total ?? 0) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    playground.keepRuns();
    const [conversation] = new ConversationShelf(kept).list.value;
    expect(texts(conversation?.turns ?? [])).toEqual(["First?", "The sky"]);
    expect(conversation?.turns[1]).toMatchObject({ outcome: { kind: "interrupted" } });
    // Where the page stays, nothing has happened.
    expect(shown(playground)).toEqual(["First?"]);
    playground.stop();
    await ended(playground);
  });
});

describe("files", () => {
  test("a conversation comes back from its file, beside the one that it was", async () => {
    const { playground } = await open(["One."]);
    await ask(playground, "First?");
    const json = playground.exportJson();
    playground.import(json);
    expect(playground.shelf.list.value).toHaveLength(2);
    expect(shown(playground)).toEqual(["First?", "One."]);
    playground.deleteConversation(playground.conversation.value);
    playground.deleteConversation(playground.conversation.value);
    playground.import(json);
    expect(JSON.parse(playground.exportJson())).toEqual(JSON.parse(json));
  });

  test("one that is none says what is wrong with it", async () => {
    const { playground, notices } = await open([]);
    playground.import('{"format":"wick-conversation","version":1}');
    expect(told(notices)).toEqual(["The conversation could not be imported. turns must be a list."]);
  });
});

test("tools that the settings allow go along, those of the server by their type", async () => {
  const { playground, model, settings } = await open(["One.", "Two."]);
  settings.change({ tools: { calculate: "run" } });
  await ask(playground, "First?");
  expect(model.calls[0]?.request).toMatchObject({ tools: [{ type: "function", function: { name: "calculate" } }] });
  settings.change({ tools: {} });
  await ask(playground, "Second?");
  expect(model.calls[1]?.request).not.toHaveProperty("tools");
});
