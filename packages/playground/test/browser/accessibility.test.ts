import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { documents } from "../markdown/documents.ts";
import { type StandInServer, start } from "../stand-in-server.ts";
import { type OpenedPage, ask, idle, lastAnswer, messageBox, said, useBrowser } from "./opened-page.ts";

const openAt = useBrowser();
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const everything = Object.values(documents).join("\n\n");
let server: StandInServer;
let opened: OpenedPage;

function replyTo(text: string): ScriptedReply {
  if (text.includes("draw")) {
    return {
      reasoning: "I draw.",
      toolCalls: [{ id: "1", type: "function", function: { name: "random_number", arguments: '{"min":1,"max":9}' } }],
    };
  }
  if (text.includes("fail")) return { text: "So", end: { kind: "model_error", error: { code: "numeric_error" } } };
  if (text.includes("sentences")) {
    return { text: "One sentence. Another that is longer than the first. A third one.".split(/(?<= )/), delayMs: 200 };
  }
  return { reasoning: "Hm.", text: everything };
}

beforeAll(async () => {
  const model = scriptedModel({
    replies: ({ request }) => {
      const last = "messages" in request ? request.messages.at(-1) : undefined;
      return replyTo(last?.role === "tool" ? "done" : String(last?.content));
    },
  });
  server = await start({ models: { scripted: model, other: model } });
});
afterAll(() => server.stop());
afterEach(() => opened.close());

/** What axe finds that is serious or critical, with the place. */
async function findings(page: Page): Promise<string[]> {
  // Not as a script of the page, which would not be let in.
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'] })");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")} ${failureSummary}`),
    );
}

describe.each(["light", "dark"] as const)("axe finds nothing serious: %s", (colorScheme) => {
  test("on the page, with what it opens", async () => {
    opened = await openAt(server.url, { colorScheme });
    const { page } = opened;
    await page.getByRole("combobox", { name: "Model" }).waitFor();
    expect(await findings(page)).toEqual([]);
    await ask(page, "Everything, please");
    await idle(page);
    await lastAnswer(page).locator("summary").click();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Inspector" }).click();
    await page.getByRole("listbox").getByRole("option").nth(1).click();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Code", exact: true }).click();
    await page.getByText("chat.ts").waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("Random number").selectOption("ask");
    await page.getByLabel("Top-p").fill("7");
    await page.getByLabel("The answer is").selectOption("A regular expression");
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByLabel("Top-p").fill("");
    await page.getByLabel("The answer is").selectOption("Text");
    await ask(page, "Please draw");
    await page.getByRole("button", { name: "Approve" }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Deny" }).click();
    await idle(page);
    await ask(page, "Please fail");
    await idle(page);
    await page.getByRole("button", { name: "Delete the answer and what follows" }).last().click();
    await page.getByRole("button", { name: "Undo" }).waitFor();
    expect(await findings(page)).toEqual([]);
  });

  test("on a narrow page, with what stands before it", async () => {
    opened = await openAt(server.url, { colorScheme, viewport: { width: 360, height: 700 }, hasTouch: true });
    const { page } = opened;
    await ask(page, "Everything, please");
    await idle(page);
    expect(await findings(page)).toEqual([]);
    for (const name of ["Conversations", "Settings", "Inspector", "Code"]) {
      await page.getByRole("button", { name, exact: true }).click();
      await page.getByRole("dialog", { name }).waitFor();
      expect({ name, findings: await findings(page) }).toEqual({ name, findings: [] });
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
  });
});

test("axe finds nothing serious in the question for a key", async () => {
  const locked = await start({ models: {}, apiKey: "key" });
  opened = await openAt(locked.url);
  await opened.page.getByRole("dialog").waitFor();
  expect(await findings(opened.page)).toEqual([]);
  await locked.stop();
});

test("screen readers are told sentences, not tokens, and how it ended", async () => {
  opened = await openAt(server.url);
  const { page } = opened;
  await page.exposeFunction("tell", (text: string) => told.push(text));
  const told: string[] = [];
  await page.evaluate(`new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) tell(node.textContent);
  }).observe(document.querySelector("[role=status]"), { childList: true })`);
  await ask(page, "Some sentences, please");
  await idle(page);
  await page.waitForTimeout(100);
  expect(told.join(" ")).toBe(
    "One sentence. Another that is longer than the first. A third one. The answer is complete, 12 tokens.",
  );
  expect(told.length).toBeGreaterThan(1);
  for (const text of told) expect(text).toMatch(/\.$/);
  expect(await page.locator(".turns [aria-live]").count()).toBe(0);
});

test("a whole conversation by the keyboard alone", async () => {
  opened = await openAt(server.url);
  const { page } = opened;
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  const { keyboard } = page;
  const focused = () =>
    page.evaluate<string>("document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()");
  // The first stop leads past all the others.
  await keyboard.press("Tab");
  expect(await focused()).toBe("Skip to the message box");
  await keyboard.press("Enter");
  await keyboard.type("First line");
  await keyboard.press("Shift+Enter");
  await keyboard.type("sentences");
  await keyboard.press("Enter");
  await idle(page);
  expect(await page.locator(".said").textContent()).toBe("First line\nsentences");
  // The focus stays where one writes.
  expect(await page.evaluate("document.activeElement.id")).toBe("message");
  expect(await messageBox(page).inputValue()).toBe("");
  // Letters are shortcuts outside of text fields alone.
  await keyboard.type("s?");
  expect(await messageBox(page).inputValue()).toBe("s?");
  await keyboard.press("Control+A");
  await keyboard.press("Delete");
  await keyboard.press("Shift+Tab");
  await keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  // It keeps the focus within, and gives it back.
  const before = await focused();
  expect(before).toBe("Close");
  for (let times = 0; times < 6; times += 1) {
    await keyboard.press("Tab");
    expect(
      await page.evaluate(
        "document.activeElement.closest('dialog') !== null || document.activeElement === document.body",
      ),
    ).toBe(true);
  }
  await keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await page.evaluate("document.activeElement !== document.body")).toBe(true);
  await keyboard.press("s");
  await page.getByRole("complementary", { name: "Settings" }).waitFor();
  await keyboard.press("s");
  await page.getByRole("complementary", { name: "Settings" }).waitFor({ state: "detached" });
  await keyboard.press("e");
  expect(await focused()).toBe("Edit the question");
  await keyboard.type(" again");
  await keyboard.press("Enter");
  await said(page, "sentences again").waitFor();
  await idle(page);
  await page.evaluate("document.activeElement.blur()");
  await keyboard.press("r");
  await page.getByRole("button", { name: "Stop" }).waitFor();
  expect(await page.evaluate("document.activeElement.id")).toBe("message");
  await keyboard.press("Escape");
  await idle(page);
  expect(await lastAnswer(page).textContent()).toContain("Stopped.");
  await keyboard.press("/");
  expect(await page.evaluate("document.activeElement.id")).toBe("message");
});

test("single keys can be turned off, and stay so", async () => {
  opened = await openAt(server.url);
  const { page } = opened;
  await page.locator("h1").click();
  await page.keyboard.press("?");
  await page.getByLabel("Single keys are shortcuts").uncheck();
  await page.keyboard.press("Escape");
  await page.reload();
  await page.locator("h1").click();
  await page.keyboard.press("s");
  await page.keyboard.press("?");
  expect(await page.getByRole("dialog").count()).toBe(0);
  expect(await page.getByRole("complementary", { name: "Settings" }).count()).toBe(0);
});

test("no stop of the keyboard holds the focus", async () => {
  opened = await openAt(server.url);
  const { page } = opened;
  await ask(page, "Everything, please");
  await idle(page);
  await page.getByRole("button", { name: "Inspector" }).click();
  await page.evaluate("document.activeElement.blur()");
  // Round once, and on to where it began; each stop is another one than the last.
  let last = "";
  const seen = new Set<string>();
  for (let stops = 0; stops < 120; stops += 1) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate<string>(`(() => {
      const all = [...document.querySelectorAll("*")];
      return String(all.indexOf(document.activeElement)) + document.activeElement.tagName;
    })()`);
    expect(now).not.toBe(last);
    last = now;
    if (seen.has(now)) return;
    seen.add(now);
  }
  throw new Error("the focus never came round");
});

test("nothing moves for those who asked for rest", async () => {
  opened = await openAt(server.url, { reducedMotion: "reduce" });
  const { page } = opened;
  await ask(page, "Some sentences, please");
  await page.locator(".answer.live").waitFor();
  const animations = "document.getAnimations({ subtree: true }).length";
  expect(await page.evaluate(animations)).toBe(0);
  await idle(page);
});

test("light and dark follow the system, or what was chosen", async () => {
  opened = await openAt(server.url, { colorScheme: "dark" });
  const { page } = opened;
  const paper = () => page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
  const dark = await paper();
  await page.getByRole("button", { name: "Theme: system" }).click();
  const light = await paper();
  expect(light).not.toBe(dark);
  await page.reload();
  expect(await paper()).toBe(light);
  await page.getByRole("button", { name: "Theme: light" }).click();
  expect(await paper()).toBe(dark);
});
