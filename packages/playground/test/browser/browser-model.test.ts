import { afterEach, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { type StandInServer, start } from "../stand-in-server.ts";
import { type OpenedPage, answerText, idle, lastAnswer, messageBox, useBrowser } from "./opened-page.ts";

const openAt = useBrowser();
let server: StandInServer;
let opened: OpenedPage;

afterEach(async () => {
  await server.stop();
  await opened.close();
});

async function open() {
  server = await start({ models: { scripted: scriptedModel({ replies: ["From the server."] }) } });
  opened = await openAt(server.url);
  return opened.page;
}

const isOfTheEngine = (path: string) => /\.(?:wasm|gguf)$|worker|browser-model/.test(path);

test("the demo model answers in the page, and nothing of it is fetched before", async () => {
  const page = await open();
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  expect(opened.paths.filter(isOfTheEngine)).toEqual([]);
  await page.getByRole("switch", { name: "In browser" }).click();
  await page.getByText("wick-demo.Q8_0").waitFor();
  expect(await page.getByRole("switch").getAttribute("aria-checked")).toBe("true");
  expect(opened.paths.filter((path) => /\.(?:wasm|gguf)$/.test(path)).toSorted()).toEqual([
    "/engine/relaxed-simd.wasm",
    "/engine/wick-demo.Q8_0.gguf",
  ]);
  await messageBox(page).fill("What is the capital of France?");
  await page.keyboard.press("Enter");
  await idle(page);
  expect(await answerText(page)).toContain("Paris");
  expect(await lastAnswer(page).locator(".figures").textContent()).toMatch(/tok\/s/);
  expect(opened.paths).not.toContain("/v1/chat/completions");
});

test("its load tells how far it is, and the server answers again when it is turned off", async () => {
  const page = await open();
  // Slow enough to be seen.
  await page.context().route("**/*.gguf", async (route) => {
    await page.getByText("Fetching the engine").waitFor();
    await route.continue();
  });
  await page.getByRole("switch", { name: "In browser" }).click();
  await page.getByText("wick-demo.Q8_0").waitFor();
  await page.getByRole("switch").click();
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  await messageBox(page).fill("Hello?");
  await page.keyboard.press("Enter");
  await idle(page);
  expect(await answerText(page)).toBe("From the server.");
});

test("an engine that cannot be fetched says so, and can be tried again", async () => {
  const page = await open();
  await page.context().route("**/*.wasm", (route) => route.abort());
  await page.getByRole("switch", { name: "In browser" }).click();
  await page.getByText("backend_unavailable").waitFor();
  await page.context().unroute("**/*.wasm");
  expect(await page.getByRole("switch").getAttribute("aria-checked")).toBe("true");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("wick-demo.Q8_0").waitFor();
  expect(await page.getByText("backend_unavailable").count()).toBe(0);
});
