// The page as `@wick/server` sends it, over the server itself.

import { type RunningServer, serve } from "@wick/server/node";
import { demoModel } from "@wick/demo-model";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Model } from "wick";
import { type OpenedPage, answerText, idle, messageBox, useBrowser } from "./opened-page.ts";

const openAt = useBrowser();
let model: Model;
let server: RunningServer;
let opened: OpenedPage;

beforeAll(async () => {
  model = await Model.load(demoModel());
});
afterAll(() => model.close());
afterEach(async () => {
  await opened.close();
  await server.close();
});

async function open(options: { apiKeys?: readonly string[] } = {}) {
  server = await serve({ models: { demo: model }, port: 0, log: false, drainMs: 0, ...options });
  opened = await openAt(server.url);
  return opened.page;
}

test("a chat with the demo model says what the library says", async () => {
  const page = await open();
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  await messageBox(page).fill("What is the capital of France?");
  await page.keyboard.press("Enter");
  await idle(page);
  expect(await answerText(page)).toContain("Paris");
});

test("asks for the key of a server that wants one", async () => {
  const page = await open({ apiKeys: ["a-key-of-sixteen-letters"] });
  await page.locator('input[type="password"]').fill("a-key-of-sixteen-letters");
  await page.keyboard.press("Enter");
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  expect(await page.locator('input[type="password"]').count()).toBe(0);
});

test("the demo model runs in the page, with the engine that the server's packages bring", async () => {
  const page = await open();
  await page.getByRole("switch", { name: "In browser" }).click();
  await page.getByText("wick-demo.Q8_0").waitFor();
  await messageBox(page).fill("What is the capital of France?");
  await page.keyboard.press("Enter");
  await idle(page);
  expect(await answerText(page)).toContain("Paris");
  expect(opened.paths).toContain("/engine/relaxed-simd.wasm");
});
