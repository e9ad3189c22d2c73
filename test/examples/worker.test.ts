import type { Browser } from "playwright-core";
import { type ChatResponse, readResponses } from "wick";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, doneOf, terminalOf } from "../conformance/chunks.ts";
import { Example } from "./example.ts";
import { startBrowser } from "../chromium.ts";

const example = new Example("worker", "--port", "0", "--ip", "127.0.0.1");
let browser: Browser;
let origin: string;

beforeAll(async () => {
  browser = await startBrowser();
  origin = await example.says(/Ready on (http:\/\/[\d.:]+)/);
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await example.stop();
});

const ask = (messages: unknown, signal?: AbortSignal) =>
  fetch(`${origin}/chat`, { method: "POST", body: JSON.stringify({ messages }), ...(signal ? { signal } : {}) });
const user = (content: string) => [{ role: "user", content }];

describe("POST /chat", () => {
  test("answers with a stream that readResponses reads", async () => {
    const answer = await ask(user("What is the capital of France?"));
    expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const responses = await collect(readResponses(answer));
    expect(responses.length).toBeGreaterThan(5);
    expect(doneOf(responses).choices[0].message.content).toContain("Paris");
  });

  test("tells what is wrong with the messages", async () => {
    const [refusal] = await collect(readResponses<ChatResponse>(await ask([{ role: "nobody", content: "" }])));
    expect(refusal).toMatchObject({ kind: "validation_error", error: { where: "messages[0].role" } });
  });

  test("many at once: each has its answer, or hears that the queue is full", async () => {
    const kinds = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const terminal = terminalOf(await collect(readResponses(await ask(user("Tell me a story.")))));
        return "error" in terminal ? terminal.error.code : terminal.kind;
      }),
    );
    expect(kinds.filter((kind) => kind !== "done" && kind !== "queue_full")).toEqual([]);
    expect(kinds.filter((kind) => kind === "done").length).toBeGreaterThanOrEqual(12);
  });

  test("a client that leaves frees its place", async () => {
    // More than the model has places for, each of which leaves after its first chunk.
    for (let client = 0; client < 14; client += 1) {
      const leaving = new AbortController();
      const answer = await ask(user("Write a short story about Mia the fox."), leaving.signal);
      await answer.body?.getReader().read();
      leaving.abort();
    }
    const responses = await collect(readResponses(await ask(user("What is the capital of France?"))));
    expect(doneOf(responses).choices[0].message.content).toContain("Paris");
  });

  test.each([
    ["another path", "/nothing", { method: "POST" }, 404],
    ["another method", "/chat", { method: "GET" }, 405],
    ["no JSON", "/chat", { method: "POST", body: "{" }, 400],
  ])("%s", async (_, path, init, status) => {
    expect((await fetch(`${origin}${path}`, init)).status).toBe(status);
  });
});

test("its page asks, shows the answer as it comes, and stops", async () => {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(origin);
  await page.fill("#question", "What is the capital of France?");
  await page.click("#send");
  await page.waitForFunction("document.querySelector('.assistant')?.textContent.includes('Paris')");
  await page.waitForSelector("#stop[disabled]");
  await page.fill("#question", "Write a long story about Mia the fox.");
  await page.click("#send");
  await page.waitForFunction("document.querySelectorAll('.assistant')[1]?.textContent.length > 10");
  await page.click("#stop");
  await page.waitForSelector(".note");
  expect(await page.textContent(".note")).toBe("Stopped.");
  expect(errors).toEqual([]);
});
