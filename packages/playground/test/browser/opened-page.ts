import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { startBrowser } from "../../../../test/chromium.ts";

/** A page of the playground. */
export interface OpenedPage {
  page: Page;
  /** Paths that were fetched. */
  paths: string[];
  /**
   * Closes it.
   *
   * @throws Error where the page had errors, did what its Content-Security-Policy refuses, or asked another host for anything.
   */
  close(): Promise<void>;
}

/** A browser, as long as the tests of a file run. */
export function useBrowser(): (url: string, options?: BrowserContextOptions) => Promise<OpenedPage> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());
  return (url, options) => open(browser, url, options);
}

async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const problems: string[] = [];
  const paths: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // Chromium tells of each answer that is no success, and those are the tests' own.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      problems.push(message.text());
  });
  context.on("request", (request) => {
    const at = new URL(request.url());
    if (at.origin !== url && at.protocol !== "blob:") problems.push(`a request to ${at.origin}`);
    paths.push(at.pathname);
  });
  await page.addInitScript(
    'addEventListener("securitypolicyviolation", (e) => console.error("refused:", e.violatedDirective, e.blockedURI))',
  );
  await page.goto(url);
  const close = async () => {
    await context.close();
    if (problems.length > 0) throw new Error(`The page did wrong: ${problems.join("; ")}`);
  };
  return { page, paths, close };
}

/** Where one writes. */
export function messageBox(page: Page): Locator {
  return page.getByRole("textbox", { name: "Message" });
}

/** Asks, as soon as there is a model. */
export async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  await messageBox(page).fill(question);
  await messageBox(page).press("Enter");
}

/** When no answer is on its way. */
export async function idle(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Send" }).waitFor();
}

/** The last answer. */
export function lastAnswer(page: Page): Locator {
  return page.locator(".answer").last();
}

/** What it says. */
export async function answerText(page: Page): Promise<string> {
  return (await lastAnswer(page).locator(".markdown").allTextContents()).join("\n");
}

/** Text of the conversation: what screen readers are told is elsewhere. */
export function said(page: Page, text: string): Locator {
  return page.locator(".turns").getByText(text);
}
