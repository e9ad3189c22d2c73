import { afterEach, expect, test } from "vitest";
import { tool } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { type StandInServer, start } from "../stand-in-server.ts";
import { type OpenedPage, answerText, ask, idle, lastAnswer, useBrowser } from "./opened-page.ts";

const openAt = useBrowser();
let server: StandInServer;
let opened: OpenedPage;

afterEach(async () => {
  await server.stop();
  await opened.close();
});

const call = (id: string, name: string, input: object): ScriptedReply => ({
  toolCalls: [{ id, type: "function", function: { name, arguments: JSON.stringify(input) } }],
});

/** A page whose model answers so, round after round, and which may use tools. */
async function open(replies: ScriptedReply[], uses: Record<string, string> = {}) {
  const model = scriptedModel({ replies });
  const lookUp = tool({
    name: "look_up",
    description: "Looks something up",
    parameters: { type: "object" },
    needsApproval: true,
    execute: () => "found",
  });
  server = await start({ models: { scripted: model }, tools: [lookUp] });
  opened = await openAt(server.url);
  const { page } = opened;
  await page.getByRole("button", { name: "Settings" }).click();
  for (const [title, use] of Object.entries(uses)) await page.getByLabel(title).selectOption(use);
  return { page, model };
}

const shownTool = (name: string) => opened.page.getByRole("region", { name: `Tool ${name}` }).last();

test("a tool that is approved runs, and the answer goes on", async () => {
  const { page, model } = await open([call("1", "calculate", { expression: "6 * 7" }), { text: "It is 42." }], {
    Calculator: "Ask first",
  });
  await ask(page, "What is 6 * 7?");
  const shown = shownTool("calculate");
  await shown.getByRole("button", { name: "Approve" }).waitFor();
  expect(await shown.textContent()).toContain('{ "expression": "6 * 7" }');
  expect(model.calls).toHaveLength(1);
  await shown.getByRole("button", { name: "Approve" }).click();
  await idle(page);
  expect(await shown.textContent()).toMatch(/done in \d+ ms.*Output42/);
  expect(await answerText(page)).toBe("It is 42.");
  expect(model.calls[1]?.request).toMatchObject({ messages: [{}, {}, { role: "tool", content: "42" }] });
});

test("a tool that is denied does not, and the model is told", async () => {
  const { page, model } = await open([call("1", "calculate", { expression: "6 * 7" }), { text: "A pity." }], {
    Calculator: "Ask first",
  });
  await ask(page, "What is 6 * 7?");
  await shownTool("calculate").getByRole("button", { name: "Deny" }).click();
  await idle(page);
  expect(await shownTool("calculate").textContent()).toContain("denied");
  expect(await answerText(page)).toBe("A pity.");
  expect(model.calls[1]?.request).toMatchObject({
    messages: [{}, {}, { role: "tool", content: "Denied: The user did not allow it." }],
  });
});

test("one answer can be for the rest", async () => {
  const { page } = await open(
    [
      call("1", "calculate", { expression: "1 + 1" }),
      call("2", "calculate", { expression: "2 + 2" }),
      { text: "Done." },
    ],
    { Calculator: "Ask first" },
  );
  await ask(page, "Go on.");
  await page.getByLabel("for the rest of this answer").check();
  await page.getByRole("button", { name: "Approve" }).click();
  await idle(page);
  expect(await lastAnswer(page).locator(".tool").count()).toBe(2);
  expect(await answerText(page)).toBe("Done.");
});

test("what a tool tells piece by piece is there as it comes", async () => {
  const { page } = await open([call("1", "countdown", { from: 2 }), { text: "Lift-off." }], { Countdown: "Run" });
  await ask(page, "Count down.");
  await shownTool("countdown").getByText("2… 1…").waitFor();
  expect(await shownTool("countdown").textContent()).toContain("runs …");
  await idle(page);
  expect(await shownTool("countdown").textContent()).toContain("2… 1… Done.");
});

test("arguments that do not fit are a failure that the model reads", async () => {
  const { page } = await open([call("1", "calculate", { wrong: 1 }), { text: "Sorry." }], { Calculator: "Run" });
  await ask(page, "Go on.");
  await idle(page);
  expect(await shownTool("calculate").textContent()).toContain("failed: output_invalid");
  expect(await answerText(page)).toBe("Sorry.");
});

test("stopping leaves a question behind", async () => {
  const { page } = await open([call("1", "calculate", { expression: "1" })], { Calculator: "Ask first" });
  await ask(page, "Go on.");
  await page.getByRole("button", { name: "Approve" }).waitFor();
  await page.keyboard.press("Escape");
  await idle(page);
  expect(await shownTool("calculate").textContent()).toContain("left behind");
  expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(0);
});

test.each([
  ["Approve", "done", "Outputfound"],
  ["Deny", "denied", "The user did not allow it."],
])("what the server asks of its own tools is answered there: %s", async (button, state, text) => {
  const { page } = await open([call("1", "look_up", {}), { text: "So it is." }]);
  await page.getByLabel("The server’s own tools, where it has some").check();
  await ask(page, "Look it up.");
  await shownTool("look_up").getByRole("button", { name: button }).click();
  await idle(page);
  const shown = await shownTool("look_up").textContent();
  expect(shown).toContain(state);
  expect(shown).toContain(text);
  expect(await answerText(page)).toBe("So it is.");
});
