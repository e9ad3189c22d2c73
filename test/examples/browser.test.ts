import { demoModel } from "@wick/demo-model";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Example } from "./example.ts";
import { startBrowser } from "../chromium.ts";

const example = new Example("browser", "--host", "127.0.0.1");
let browser: Browser;
let context: BrowserContext;
let url: string;

beforeAll(async () => {
  browser = await startBrowser();
  url = await example.says(/Local:\s+(http:\/\/[\d.:]+\/)/);
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await example.stop();
});
beforeEach(async () => {
  // With a storage of its own.
  context = await browser.newContext();
});
afterEach(() => context.close());

const errors: string[] = [];

async function open(): Promise<Page> {
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  return page;
}

async function ask(page: Page, question: string): Promise<void> {
  await page.waitForSelector("#send:not([disabled])");
  await page.fill("#question", question);
  await page.click("#send");
}

const text = async (page: Page, selector: string) => (await page.textContent(selector)) ?? "";

test("loads the demo model and answers, and shows each kind of response", async () => {
  const page = await open();
  await ask(page, "What is the capital of France?");
  await page.waitForFunction("/tokens per second/.test(document.querySelector('#speed').textContent)");
  expect(await text(page, "#status")).toBe("wick-demo.Q8_0: qwen3, cpu in WebAssembly");
  expect(await text(page, ".assistant")).toContain("Paris");
  expect(await text(page, "#kinds")).toMatch(/^chunk\d+done1$/);
  expect(await text(page, "#speed")).toMatch(/^\d+ tokens, first after \d+ ms, \d+ tokens per second$/);
  expect(errors).toEqual([]);
});

test("shows what it thinks apart", async () => {
  const page = await open();
  await page.waitForSelector("#send:not([disabled])");
  await page.check("#thinking");
  await ask(page, "Which is bigger: 12 or 8?");
  await page.waitForFunction("/tokens per second/.test(document.querySelector('#speed').textContent)");
  expect((await text(page, ".reasoning")).length).toBeGreaterThan(10);
  expect((await text(page, ".assistant")).length).toBeGreaterThan(0);
});

test("the page has its turns while the model writes, and stops it", async () => {
  const page = await open();
  await ask(page, "Write a long story about Mia the fox.");
  await page.waitForFunction("document.querySelector('.assistant')?.textContent.length > 10");
  // Between two turns of the page, while it writes.
  const longest = await page.evaluate<number>(`new Promise((resolve) => {
    const turns = [performance.now()];
    const timer = setInterval(() => {
      turns.push(performance.now());
      if (turns.length < 20) return;
      clearInterval(timer);
      resolve(Math.max(...turns.slice(1).map((turn, at) => turn - turns[at])));
    }, 1);
  })`);
  expect(longest).toBeLessThan(500);
  // By the page itself, on which a button that is disabled by now does nothing.
  await page.evaluate("document.querySelector('#stop').click()");
  await page.waitForSelector("#send:not([disabled])");
  await ask(page, "Write a long story about Tom the dog.");
  await page.waitForFunction("document.querySelectorAll('.assistant')[1]?.textContent.length > 1");
  await page.click("#stop");
  // Not the note: the first answer may have left one.
  await page.waitForSelector("#send:not([disabled])");
  expect(await text(page, "#kinds")).toMatch(/cancelled1$/);
});

test("the model is there at the next visit without its server, and is checked", async () => {
  const first = await open();
  await first.waitForSelector("#send:not([disabled])");
  await first.close();
  await context.route("**/*.gguf", (route) => route.abort());
  const second = await open();
  await ask(second, "What is the capital of France?");
  await second.waitForFunction("/tokens per second/.test(document.querySelector('#speed').textContent)");
  expect(await text(second, ".assistant")).toContain("Paris");
});

test("opens a file; says what is wrong with one that is no model", async () => {
  const page = await open();
  await page.waitForSelector("#send:not([disabled])");
  await page.setInputFiles("#file", { name: "notes.gguf", mimeType: "text/plain", buffer: Buffer.from("no model") });
  await page.waitForFunction("/^model_/.test(document.querySelector('#status').textContent)");
  expect(await page.isDisabled("#send")).toBe(true);
  await page.setInputFiles("#file", demoModel());
  await ask(page, "What is the capital of France?");
  await page.waitForFunction("document.querySelector('.assistant')?.textContent.includes('Paris')");
});
