import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { documents } from "../markdown/documents.ts";
import { type StandInServer, start } from "../stand-in-server.ts";
import { type OpenedPage, ask, idle, useBrowser } from "./opened-page.ts";

const openAt = useBrowser();
let server: StandInServer;
let opened: OpenedPage;

/** What is wider than any page. */
const wide = [
  "x".repeat(500),
  `\`${"y".repeat(500)}\``,
  `\`\`\`\n${"z".repeat(500)}\n\`\`\``,
  `|${" column |".repeat(30)}\n|${"---|".repeat(30)}\n|${" cell |".repeat(30)}`,
  `# ${"h".repeat(200)}`,
  `https://example.com/${"a".repeat(300)}`,
  `- ${"l".repeat(200)}\n  - ${"m".repeat(200)}\n    > ${"n".repeat(200)}`,
  `<div title="${"o".repeat(300)}">`,
].join("\n\n");

beforeAll(async () => {
  const call = { name: `tool_${"t".repeat(58)}`, arguments: `{"${"k".repeat(300)}": 1}` };
  const model = scriptedModel({
    replies: ({ request }) => {
      const last = "messages" in request ? String(request.messages.at(-1)?.content) : "";
      if (last.includes("fail")) {
        const error = { code: "numeric_error" as const, message: "m".repeat(300), where: "w".repeat(100) };
        return { text: "So", end: { kind: "model_error", error } };
      }
      const toolCalls = last.includes("tool") ? [{ id: "1", type: "function" as const, function: call }] : [];
      return { reasoning: wide, text: `${wide}\n\n${Object.values(documents).join("\n\n")}`, toolCalls };
    },
  });
  server = await start({ models: { [`a-model-with-a-name-that-is-as-long-as-some-are-${"q".repeat(60)}`]: model } });
});
afterAll(() => server.stop());
afterEach(() => opened.close());

/** What sticks out at the side. */
async function overflowing(page: Page): Promise<object> {
  return page.evaluate(`(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const scrolling = [...document.querySelectorAll(".transcript, .dialog, .panel-column, .list-column")];
    return {
      page: scrollWidth - clientWidth,
      inside: scrolling.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.className + (e.scrollWidth - e.clientWidth)),
      buttons: [...document.querySelectorAll("button")]
        .filter((e) => e.getBoundingClientRect().right > clientWidth + 1 && e.offsetParent !== null && !e.closest("figure, .tool"))
        .map((e) => e.ariaLabel ?? e.textContent),
    };
  })()`);
}

test.each([360, 320, 700, 1100])("at %d pixels nothing sticks out at the side", async (width) => {
  opened = await openAt(server.url, { viewport: { width, height: 740 }, isMobile: width < 700, hasTouch: width < 700 });
  const { page } = opened;
  const none = { page: 0, inside: [], buttons: [] };
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  expect(await overflowing(page)).toEqual(none);
  await ask(page, `${"Question".repeat(60)} with a tool`);
  await idle(page);
  await page.locator(".reasoning summary").click();
  expect(await overflowing(page)).toEqual(none);
  await ask(page, "Please fail");
  await idle(page);
  expect(await overflowing(page)).toEqual(none);
  for (const name of ["Settings", "Inspector", "Code"]) {
    await page.getByRole("button", { name, exact: true }).click();
    if (name === "Inspector") await page.getByRole("listbox").getByRole("option").first().click();
    expect({ name, ...(await overflowing(page)) }).toEqual({ name, ...none });
    await page
      .getByRole("button", { name: /^Close/ })
      .last()
      .click();
  }
});

test("what is open at the side stands before a narrow page, and its keys are its own", async () => {
  opened = await openAt(server.url, { viewport: { width: 360, height: 740 } });
  const { page } = opened;
  await page.getByRole("button", { name: "Settings" }).click();
  const dialog = page.getByRole("dialog", { name: "Settings" });
  await dialog.getByLabel("Temperature").fill("1");
  // Where there is room again, it stands beside the page, with what was written.
  await page.setViewportSize({ width: 1400, height: 900 });
  await page.getByRole("complementary", { name: "Settings" }).waitFor();
  expect(await page.getByLabel("Temperature").inputValue()).toBe("1");
  await page.setViewportSize({ width: 360, height: 740 });
  await dialog.waitFor();
  expect(await page.getByRole("dialog").count()).toBe(1);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Settings" }).waitFor();
});
