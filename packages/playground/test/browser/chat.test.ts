import { readFile } from "node:fs/promises";
import { demoModel } from "@wick/demo-model";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Model } from "wick";
import { type ScriptedModel, scriptedModel } from "wick/testing";
import { type StandInServer, start } from "../stand-in-server.ts";
import { type OpenedPage, answerText, ask, idle, lastAnswer, messageBox, said, useBrowser } from "./opened-page.ts";

const open = useBrowser();
let demo: Model;
let scripted: ScriptedModel;
let server: StandInServer;
let opened: OpenedPage;

beforeAll(async () => {
  demo = await Model.load(demoModel());
});
afterAll(() => demo.close());
beforeEach(async () => {
  scripted = scriptedModel({
    replies: ({ request }, index) => {
      const last = "messages" in request ? request.messages.at(-1) : undefined;
      const text = typeof last?.content === "string" ? last.content : "";
      if (text.includes("slowly")) return { text: "word ".repeat(2000), delayMs: 5 };
      return { reasoning: "Let me see.", text: `Answer ${index + 1} to **${text}**` };
    },
  });
  server = await start({ models: { scripted, "wick-demo": demo } });
  opened = await open(server.url);
});
afterEach(async () => {
  await server.stop();
  await opened.close();
});

test("the demo model answers, with its figures", async () => {
  const { page } = opened;
  await page.getByRole("combobox", { name: "Model" }).selectOption("wick-demo");
  await ask(page, "What is the capital of France?");
  await idle(page);
  expect(await answerText(page)).toContain("Paris");
  const figures = await lastAnswer(page).locator(".figures").textContent();
  expect(figures).toMatch(/Speed\d[\d.,]* tok\/s/);
  expect(figures).toMatch(/First token[\d.,]+ ms to first/);
  expect(figures).toMatch(/Answer\d+ tokens/);
  expect(await page.title()).toBe("What is the capital of France? – Wick");
});

test("Escape stops the answer, and what came is kept", async () => {
  const { page } = opened;
  await ask(page, "Go slowly");
  await said(page, "word word").waitFor();
  expect(await lastAnswer(page).locator(".figures").textContent()).toContain("first");
  await page.keyboard.press("Escape");
  await idle(page);
  expect(await lastAnswer(page).locator(".outcome").textContent()).toBe("Stopped.");
  expect(await answerText(page)).toMatch(/^word word/);
  await page.reload();
  await page.locator(".entry").click();
  expect(await answerText(page)).toMatch(/^word word/);
});

test("what is drawn of an answer stays, while it grows and when it ends", async () => {
  const { page } = opened;
  await ask(page, "Go slowly");
  await said(page, "word word").waitFor();
  await page.evaluate("document.querySelector('.answer .markdown p').isTheSame = true");
  await page.waitForTimeout(200);
  await page.keyboard.press("Escape");
  await idle(page);
  expect(await page.evaluate("document.querySelector('.answer .markdown p').isTheSame")).toBe(true);
});

test("thoughts are folded, and there when they are opened", async () => {
  const { page } = opened;
  await ask(page, "One?");
  await idle(page);
  const thoughts = lastAnswer(page).locator("details");
  expect(await thoughts.locator("summary").textContent()).toBe("Thought 3 words");
  expect(await thoughts.locator(".markdown").count()).toBe(0);
  await thoughts.locator("summary").click();
  expect(await thoughts.locator(".markdown").textContent()).toBe("Let me see.");
});

test("what is set reaches the request, and what is wrong is not sent", async () => {
  const { page } = opened;
  await page.getByRole("textbox", { name: "System" }).fill("Be brief.");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("Temperature").fill("0.25");
  await page.getByLabel("Top-k").fill("7");
  await page.getByLabel("Seed").fill("42");
  await page.getByLabel("Stop strings").fill("END\n\\n\\n");
  await page.getByLabel("Effort").selectOption("low");
  await page.getByLabel("The answer is").selectOption("JSON of a schema");
  await page.getByRole("textbox", { name: "JSON of a schema" }).fill('{"type":"object"}');
  await page.getByLabel("Tell how likely each token was").check();
  await page.getByLabel("Min-p").fill("2");
  await ask(page, "One?");
  expect(scripted.calls).toEqual([]);
  expect(await page.locator(".notice").textContent()).toContain("Min-p must be a number from 0 to 1.");
  expect(await page.getByLabel("Min-p").getAttribute("aria-invalid")).toBe("true");
  await page.getByLabel("Min-p").fill("");
  await messageBox(page).press("Enter");
  await idle(page);
  expect(scripted.calls[0]?.request).toMatchObject({
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "One?" },
    ],
    temperature: 0.25,
    topK: 7,
    randomSeed: 42,
    stop: ["END", "\n\n"],
    reasoning: { effort: "low" },
    responseFormat: { type: "json_schema", jsonSchema: { schemaDefinition: { type: "object" } } },
    logprobs: true,
    topLogprobs: 5,
  });
  await page.reload();
  await page.getByRole("button", { name: "Settings" }).click();
  expect(await page.getByLabel("Temperature").inputValue()).toBe("0.25");
  await page.getByRole("button", { name: "Reset all settings" }).click();
  expect(await page.getByLabel("Temperature").inputValue()).toBe("");
});

test("editing begins a branch, and both are there", async () => {
  const { page } = opened;
  await ask(page, "One?");
  await idle(page);
  await page.locator(".question").hover();
  await page.getByRole("button", { name: "Edit the question" }).click();
  await page.getByRole("textbox", { name: "Edit the question" }).fill("Other?");
  await page.keyboard.press("Enter");
  await said(page, "Answer 2 to Other?").waitFor();
  const branches = page.getByRole("group", { name: "Branches" });
  expect(await branches.textContent()).toBe("2 / 2");
  await branches.getByRole("button", { name: "The branch before" }).click();
  await said(page, "Answer 1 to One?").waitFor();
  expect(await said(page, "Other?").count()).toBe(0);
});

test("an answer is given again, deleted, and comes back", async () => {
  const { page } = opened;
  await ask(page, "One?");
  await idle(page);
  await page.getByRole("button", { name: "Answer again" }).click();
  await said(page, "Answer 2 to One?").waitFor();
  await idle(page);
  await page.getByRole("button", { name: "Delete the answer and what follows" }).click();
  await said(page, "Answer 1 to One?").waitFor();
  expect(await said(page, "Answer 2 to One?").count()).toBe(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await said(page, "Answer 2 to One?").waitFor();
});

test("the inspector has each response, by kind, and copies them", async () => {
  await opened.close();
  opened = await open(server.url, { permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = opened;
  await page.getByRole("button", { name: "Inspector" }).click();
  await ask(page, "One?");
  await idle(page);
  const rows = page.getByRole("listbox", { name: "Responses" });
  await rows.focus();
  await page.keyboard.press("End");
  expect(await rows.getByRole("option", { selected: true }).textContent()).toMatch(/ms?done/);
  expect(await page.locator("pre.json").textContent()).toContain('"kind": "done"');
  await page.getByRole("button", { name: /^done/ }).click();
  expect(await rows.getByRole("option").count()).toBe(1);
  await page.getByRole("button", { name: "Copy as NDJSON" }).click();
  const copied = await page.evaluate<string>("navigator.clipboard.readText()");
  expect(JSON.parse(copied)).toMatchObject({ kind: "done", completion: { choices: [{ finishReason: "stop" }] } });
});

test("tokens have their probabilities, by pointer and by keyboard", async () => {
  const { page } = opened;
  await page.getByRole("combobox", { name: "Model" }).selectOption("wick-demo");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("Tell how likely each token was").check();
  await page.getByLabel("Temperature").fill("0");
  await ask(page, "What is the capital of France?");
  await idle(page);
  await page.getByRole("button", { name: "Tokens" }).click();
  const tokens = page.getByRole("listbox", { name: "Tokens of the answer" });
  const whole = (await tokens.locator(".token").allTextContents()).join("");
  expect(whole).toContain("Paris");
  const card = page.locator(".token-card");
  await tokens.focus();
  await page.keyboard.press("ArrowRight");
  expect(await card.locator("p").textContent()).toMatch(/^"[^"]+" \d+\.\d %id \d+$/);
  expect(await card.getByRole("listitem").count()).toBe(5);
  const before = await card.textContent();
  await tokens.locator(".token").nth(4).hover();
  expect(await card.textContent()).not.toBe(before);
});

describe("programs and files", () => {
  test("are copied and downloaded", async () => {
    await opened.close();
    opened = await open(server.url, { permissions: ["clipboard-read", "clipboard-write"] });
    const { page } = opened;
    await ask(page, "One?");
    await idle(page);
    await page.getByRole("button", { name: "Code", exact: true }).click();
    await page.getByRole("button", { name: "Copy the program" }).click();
    expect(await page.evaluate<string>("navigator.clipboard.readText()")).toContain('content: "One?"');
    await page.getByText("curl", { exact: true }).click();
    await page.getByText("--no-buffer").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download chat.sh" }).click(),
    ]);
    expect(await readFile(await download.path(), "utf8")).toContain(`${server.url}/v1/chat/completions`);
  });

  test("a conversation goes out as a file and comes back", async () => {
    const { page } = opened;
    await ask(page, "One?");
    await idle(page);
    await page.getByRole("button", { name: "Code", exact: true }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download the conversation" }).click(),
    ]);
    await page.locator(".conversations li").hover();
    await page.getByRole("button", { name: "Delete “One?”" }).click();
    await page.getByText("Ask something.").waitFor();
    await page.getByLabel("A conversation as JSON").setInputFiles(await download.path());
    await said(page, "Answer 1 to One?").waitFor();
    await page.getByLabel("A conversation as JSON").setInputFiles({
      name: "other.json",
      mimeType: "application/json",
      buffer: Buffer.from('{"format": "wick-conversation", "version": 9}'),
    });
    expect(await page.locator(".notice.problem").textContent()).toContain(
      "This conversation is of version 9; this page reads 1.",
    );
  });
});

test("an answer goes on while another conversation is shown", async () => {
  const { page } = opened;
  await ask(page, "Go slowly");
  await said(page, "word word").waitFor();
  await page.getByRole("button", { name: "New" }).click();
  await ask(page, "One?");
  await idle(page);
  expect(await answerText(page)).toBe("Answer 2 to One?");
  await page.locator(".entry", { hasText: "Go slowly" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await idle(page);
  expect(await answerText(page)).toMatch(/^word word/);
});
