import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { newConversation, withTurn } from "../../src/conversation/conversation.ts";
import { conversationJson } from "../../src/conversation/conversation-json.ts";
import type { Turn } from "../../src/conversation/turn.ts";
import { type StandInServer, start } from "../stand-in-server.ts";
import { type OpenedPage, ask, idle, lastAnswer, useBrowser } from "./opened-page.ts";

const openAt = useBrowser();
let server: StandInServer;
let opened: OpenedPage;

afterEach(async () => {
  await server.stop();
  await opened.close();
});

/** Has the page look at how long it goes without a turn, from now on. */
async function watchTurns(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(`{
    let last = performance.now();
    globalThis.longestTurn = 0;
    setInterval(() => {
      const now = performance.now();
      globalThis.longestTurn = Math.max(globalThis.longestTurn, now - last);
      last = now;
    }, 1);
  }`);
  return () => page.evaluate("globalThis.longestTurn");
}

const kinds: Readonly<Record<string, string>> = {
  prose: "Some **words** of a paragraph, with `code` and [a link](https://example.com), on and on.\n\n",
  list: "- An item of a list with **words** in it, on and on\n",
  code: "  const value = compute(index, other) + 1; // a line of code\n",
  line: "words without an end of the line ",
  table: "| cell | another cell | 123 |\n",
};

test.each(Object.entries(kinds))("while 200 kB of %s come, the page has its turns", async (kind, piece) => {
  const begin = kind === "code" ? "```js\n" : kind === "table" ? "| a | b | c |\n|---|---|---|\n" : "";
  const pieces = Array.from({ length: Math.ceil(200_000 / piece.length) }, () => piece);
  server = await start({ models: { scripted: scriptedModel({ replies: [{ text: [begin, ...pieces] }] }) } });
  opened = await openAt(server.url);
  const { page } = opened;
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  const longest = await watchTurns(page);
  await ask(page, "Go on and on");
  await idle(page);
  // Mostly a tenth of a second; a machine that is busy with other tests has long turns of its own.
  expect(await longest()).toBeLessThan(3000);
  const text = await lastAnswer(page).locator(".markdown").textContent();
  expect(text?.replaceAll(/\s/g, "").length).toBeGreaterThan(kind === "table" ? 60_000 : 80_000);
});

test("a conversation of a thousand turns opens, its end first", async () => {
  let conversation = newConversation(1);
  for (let number = 0; number < 500; number += 1) {
    const parent = conversation.leaf;
    const turns: Turn[] = [
      { kind: "user", id: `q${number}`, parent, createdAt: number, text: `Question ${number}` },
      {
        kind: "answer",
        id: `a${number}`,
        parent: `q${number}`,
        createdAt: number,
        model: "m",
        parts: [{ kind: "text", text: `Answer **${number}**. ${"Words and words. ".repeat(60)}` }],
        messages: [],
        outcome: { kind: "done", finishReason: "stop" },
      },
    ];
    conversation = turns.reduce(withTurn, conversation);
  }
  server = await start({ models: {} });
  opened = await openAt(server.url);
  const { page } = opened;
  const longest = await watchTurns(page);
  await page.getByLabel("A conversation as JSON").setInputFiles({
    name: "long.json",
    mimeType: "application/json",
    buffer: Buffer.from(conversationJson(conversation)),
  });
  await page.getByText("Question 499").waitFor();
  expect(await longest()).toBeLessThan(3000);
  expect(await page.locator(".turn.answer").count()).toBe(30);
  await page.getByRole("button", { name: "Show 60 of 940 earlier turns" }).click();
  expect(await page.locator(".turn.answer").count()).toBe(60);
});

test("the inspector draws the responses that are seen, of thousands", async () => {
  const model = scriptedModel({ replies: [{ text: Array.from({ length: 5000 }, (_, index) => `${index} `) }] });
  server = await start({ models: { scripted: model } });
  opened = await openAt(server.url);
  const { page } = opened;
  await page.getByRole("button", { name: "Inspector" }).click();
  await ask(page, "Count");
  await idle(page);
  const list = page.getByRole("listbox", { name: "Responses" });
  expect(await list.getByRole("option").count()).toBeLessThan(100);
  await list.focus();
  await page.keyboard.press("Home");
  expect(await list.getByRole("option", { selected: true }).textContent()).toContain('"0 "');
  expect(await list.getByRole("option").count()).toBeLessThan(100);
  await page.keyboard.press("End");
  expect(await list.getByRole("option", { selected: true }).textContent()).toContain("done");
  expect(await list.getByRole("option", { selected: true }).getAttribute("aria-setsize")).toBe("5001");
});

test("an answer is followed, until the reader goes elsewhere", async () => {
  const model = scriptedModel({
    replies: [{ text: "A paragraph.\n\n".repeat(2000).match(/[^]{14}/g) ?? [], delayMs: 2 }],
  });
  server = await start({ models: { scripted: model } });
  opened = await openAt(server.url);
  const { page } = opened;
  await ask(page, "Go on and on");
  const transcript = page.locator(".transcript");
  const measure = (what: string) =>
    page.evaluate<number>(`(({ scrollHeight, scrollTop, clientHeight }) => ${what})(
    document.querySelector(".transcript"))`);
  const fromEnd = () => measure("scrollHeight - scrollTop - clientHeight");
  const height = () => measure("scrollHeight");
  while ((await height()) < 3000) await page.waitForTimeout(20);
  expect(await fromEnd()).toBeLessThan(150);
  await transcript.hover();
  await page.mouse.wheel(0, -600);
  await page.getByRole("button", { name: "Follow the answer" }).waitFor();
  const before = await measure("scrollTop");
  const grown = (await height()) + 500;
  while ((await height()) < grown) await page.waitForTimeout(20);
  expect(await measure("scrollTop")).toBe(before);
  await page.getByRole("button", { name: "Follow the answer" }).click();
  await page.waitForTimeout(100);
  expect(await fromEnd()).toBeLessThan(150);
  await page.keyboard.press("Escape");
  await idle(page);
});
