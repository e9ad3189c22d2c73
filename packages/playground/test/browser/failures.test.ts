import { afterEach, describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { type StandInOptions, type StandInServer, start } from "../stand-in-server.ts";
import { type OpenedPage, answerText, ask, idle, lastAnswer, messageBox, said, useBrowser } from "./opened-page.ts";

const openAt = useBrowser();
let server: StandInServer;
let opened: OpenedPage;

afterEach(async () => {
  await server.stop();
  await opened.close();
});

const answering = () => scriptedModel({ replies: ["Here I am."] });

async function open(options: Partial<StandInOptions> = {}) {
  server = await start({ models: { scripted: answering() }, ...options });
  opened = await openAt(server.url);
  return opened.page;
}

describe("a server that is killed in the middle of an answer", () => {
  test("leaves what had come, says what happened, and can be asked again", async () => {
    const model = scriptedModel({ replies: [{ text: ["The sky ", "is "], end: { kind: "hang" } }] });
    const page = await open({ models: { scripted: model } });
    await ask(page, "Why?");
    await said(page, "The sky is").waitFor();
    await server.stop();
    const failure = page.getByRole("group", { name: "Error" });
    await failure.waitFor();
    expect(await failure.textContent()).toContain("stream_truncated");
    expect(await failure.textContent()).toContain("What had come is kept above.");
    expect(await answerText(page)).toBe("The sky is ");
    server = await start({ models: { scripted: answering() }, port: server.port });
    await failure.getByRole("button", { name: "Try again" }).click();
    await said(page, "Here I am.").waitFor();
    await idle(page);
    // The broken answer is still there, beside the whole one.
    expect(await page.getByRole("group", { name: "Branches" }).textContent()).toBe("2 / 2");
  });

  test("says so too when nothing had come", async () => {
    const model = scriptedModel({ replies: [{ end: { kind: "hang", after: 0 } }] });
    const page = await open({ models: { scripted: model } });
    await ask(page, "Why?");
    await page.getByText("Waiting for the first token").waitFor();
    await server.stop();
    await page.getByRole("group", { name: "Error" }).waitFor();
    expect(await page.getByRole("group", { name: "Error" }).textContent()).toMatch(
      /connection_failed|stream_truncated/,
    );
    expect(await page.getByText("What had come is kept above.").count()).toBe(0);
  });
});

test("a model that fails midway is told with its code", async () => {
  const error = { code: "numeric_error" as const, message: "A value is no number." };
  const model = scriptedModel({
    replies: [{ text: ["The sky ", "is "], end: { kind: "model_error", after: 1, error } }],
  });
  const page = await open({ models: { scripted: model } });
  await ask(page, "Why?");
  await idle(page);
  expect(await lastAnswer(page).getByRole("group", { name: "Error" }).textContent()).toContain(
    "numeric_errorA value is no number.",
  );
  expect(await answerText(page)).toBe("The sky ");
});

test("a request that the engine refuses says where", async () => {
  const error = { code: "context_overflow" as const, message: "Too long.", where: "messages" };
  const model = scriptedModel({ replies: [{ end: { kind: "validation_error", error } }] });
  const page = await open({ models: { scripted: model } });
  await ask(page, "Why?");
  await idle(page);
  expect(await page.getByRole("group", { name: "Error" }).textContent()).toContain(
    "context_overflow at messagesToo long.",
  );
});

describe("a server that wants a key", () => {
  test("is given one, which stays in the tab and out of the address", async () => {
    const page = await open({ apiKey: "right-key" });
    const dialog = page.getByRole("dialog", { name: "This server wants a key" });
    await dialog.getByLabel("Key", { exact: true }).fill("wrong-key");
    await page.keyboard.press("Enter");
    await dialog.getByText("The server did not take the key it has.").waitFor();
    await dialog.getByLabel("Key", { exact: true }).fill("with spaces");
    await page.keyboard.press("Enter");
    await dialog.getByText("A key has letters, digits and signs, and no spaces.").waitFor();
    await dialog.getByLabel("Key", { exact: true }).fill(" right-key ");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await ask(page, "Why?");
    await said(page, "Here I am.").waitFor();
    expect(page.url()).toBe(`${server.url}/`);
    expect(await page.evaluate("sessionStorage.getItem('wick.key')")).toBe("right-key");
    expect(await page.evaluate<string>("JSON.stringify(localStorage)")).not.toContain('key":"right');
    expect(await page.evaluate<string>("JSON.stringify(localStorage)")).not.toContain("right-key");
    expect(opened.paths.join()).not.toContain("right-key");
    await page.reload();
    await ask(page, "Again?");
    await said(page, "Here I am.").last().waitFor();
  });

  test("asks again when it no longer takes the key", async () => {
    const page = await open({ apiKey: "old" });
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Key", { exact: true }).fill("old");
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Model" }).waitFor();
    await server.stop();
    server = await start({ models: { scripted: answering() }, apiKey: "new", port: server.port });
    await ask(page, "Why?");
    await dialog.getByLabel("Key", { exact: true }).fill("new");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(await page.getByRole("group", { name: "Error" }).textContent()).toContain("unauthorized");
    await page.getByRole("button", { name: "Try again" }).click();
    await said(page, "Here I am.").waitFor();
  });

  test("can be left without one", async () => {
    const page = await open({ apiKey: "key" });
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await messageBox(page).fill("Why?");
    await page.keyboard.press("Enter");
    await page.getByText("There is no model to ask yet.").first().waitFor();
    expect(opened.paths).not.toContain("/v1/chat/completions");
    await page.getByRole("button", { name: "Enter the server’s key" }).click();
    await page.getByRole("dialog").waitFor();
  });
});

test("a server that comes back is asked again", async () => {
  const page = await open();
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  await page.context().route("**/v1/models", (route) => route.abort());
  await page.reload();
  await page.getByText("The server could not be reached. Is it running?").waitFor();
  await page.context().unroute("**/v1/models");
  await page.getByRole("button", { name: "Try again" }).click();
  expect(await page.getByRole("combobox", { name: "Model" }).inputValue()).toBe("scripted");
});

test("a browser without room says so, and nothing said is lost", async () => {
  const page = await open();
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  await page.evaluate("localStorage.setItem('filler', 'x'.repeat(5_242_000 - JSON.stringify(localStorage).length))");
  await ask(page, "Why?".padEnd(2000, "?"));
  await page.getByText("This browser has no room left for conversations.").first().waitFor();
  await said(page, "Here I am.").waitFor();
  expect(await page.locator(".entry").count()).toBe(1);
});
