// oxlint-disable vitest/no-conditional-expect -- a narrowed union needs an `if`.

// Requests that share a model in workerd, where what one request makes is not another's to wait for.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type ChatRequest, type ChatResponse, type ModelStats, readResponses } from "wick";
import { collect, doneOf, terminalOf, textOf } from "./chunks.ts";
import { type Workerd, startWorkerd } from "./hosts/workerd.ts";

const ask = (content: string): ChatRequest => ({
  messages: [{ role: "user", content }],
  temperature: 0,
  ignoreEos: true,
  maxTokens: 60,
});
const [one, other] = [ask("Write a short story about Mia the fox."), ask("Tell me of the sea.")];
let workerd: Workerd;

beforeAll(async () => {
  workerd = await startWorkerd("workerd-chat");
});

afterAll(() => workerd.stop());

async function chat(request: ChatRequest, signal?: AbortSignal) {
  const body = JSON.stringify(request);
  return readResponses(await workerd.fetch("/chat", { method: "POST", body, ...(signal && { signal }) }));
}

/** What a request gets when nobody else is there. */
async function alone(request: ChatRequest): Promise<string> {
  return doneOf(await collect(await chat(request))).choices[0].message.content;
}

/** Whether nothing is left of those who went, though nobody asks for anything. */
async function areGone(): Promise<boolean> {
  for (let round = 0; round < 50; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { running, queued, parked } = (await (await workerd.fetch("/stats")).json()) as ModelStats;
    if (running + queued + parked === 0) return true;
  }
  return false;
}

test("the first requests come at once, before there is a model", async () => {
  const contents = await Promise.all([one, other, one].map((request) => alone(request)));
  expect(contents[0]).toBe(contents[2]);
  expect(contents[0]).not.toBe(contents[1]);
});

test("two requests that are read in turns say what each says alone", async () => {
  const expected = [await alone(one), await alone(other)];
  const readers = [await chat(one), await chat(other)].map((stream) => stream[Symbol.asyncIterator]());
  const texts = ["", ""];
  const open = new Set([0, 1]);
  while (open.size > 0) {
    for (const at of open) {
      const { value, done } = (await readers[at]?.next()) ?? { value: undefined, done: true };
      if (done === true) open.delete(at);
      else texts[at] += textOf([value]);
    }
  }
  expect(texts).toEqual(expected);
});

test("a client that leaves is gone, and the other goes on", async () => {
  const expected = await alone(other);
  const leaving = new AbortController();
  const left = (async () => {
    let chunks = 0;
    let last: string | undefined;
    for await (const response of await chat({ ...one, maxTokens: 1500 }, leaving.signal)) {
      if (response.kind === "chunk") chunks += 1;
      if (chunks === 5) leaving.abort();
      last = response.kind;
    }
    return last;
  })();
  const text = await alone(other);
  // Its end of the connection is gone, which is all that it can know.
  expect(await left).toBe("internal_error");
  expect(text).toBe(expected);
  expect(await areGone()).toBe(true);
});

test("a client that does not read holds up nobody", async () => {
  const expected = await alone(other);
  const leaving = new AbortController();
  const response = await workerd.fetch("/chat", {
    method: "POST",
    body: JSON.stringify({ ...one, maxTokens: 1500 }),
    signal: leaving.signal,
  });
  expect(response.status).toBe(200);
  expect(await alone(other)).toBe(expected);
  leaving.abort();
  expect(await areGone()).toBe(true);
});

test("a stream that one request has begun goes on in others", async () => {
  const expected = await alone(one);
  const pull = async (path: string, init?: RequestInit) =>
    (await (await workerd.fetch(path, init)).json()) as IteratorResult<ChatResponse, undefined>;
  const responses: ChatResponse[] = [];
  let next = await pull("/begin", { method: "POST", body: JSON.stringify(one) });
  while (next.done !== true) {
    responses.push(next.value);
    next = await pull("/go-on");
  }
  expect(doneOf(responses).choices[0].message.content).toBe(expected);
});

test("two requests that pull one stream at once: the later is told that it is busy, and loses nothing", async () => {
  // So long that the first pull waits for many steps.
  const long: ChatRequest = { ...one, messages: [{ role: "user", content: "Mia went on. ".repeat(400) }] };
  const pull = async () => {
    const response = await workerd.fetch("/go-on");
    expect(response.status).toBe(200);
    return (await response.json()) as IteratorResult<ChatResponse, undefined> | string;
  };
  // Another beginning, so that nothing of it is computed already.
  const unseen: ChatRequest = { ...long, messages: [{ role: "system", content: "Be kind." }, ...long.messages] };
  await workerd.fetch("/make", { method: "POST", body: JSON.stringify(unseen) });
  const pulls = await Promise.all([pull(), pull()]);
  expect(pulls.filter((answer) => typeof answer === "string")).toEqual([
    expect.stringContaining("This stream is being pulled"),
  ]);
  const responses: ChatResponse[] = [];
  for (const first of pulls) if (typeof first !== "string" && first.done !== true) responses.push(first.value);
  for (let next = await pull(); typeof next !== "string" && next.done !== true; next = await pull()) {
    responses.push(next.value);
  }
  expect(doneOf(responses).choices[0].message.content).toBe(await alone(unseen));
});

test("a client whose isolate goes away keeps what it has, and the next isolate answers", async () => {
  const first = await startWorkerd("workerd-chat");
  const body = JSON.stringify({ ...one, maxTokens: 1500 });
  const responses: ChatResponse[] = [];
  for await (const response of readResponses(await first.fetch("/chat", { method: "POST", body }))) {
    responses.push(response);
    if (responses.length === 5) await first.stop();
  }
  const terminal = terminalOf(responses);
  expect(terminal).toMatchObject({ kind: "internal_error", error: { code: "stream_truncated", retryable: true } });
  if (terminal.kind === "internal_error") {
    expect(terminal.partial.choices[0].message.content).toBe(textOf(responses));
    expect(terminal.partial.choices[0].message.content.length).toBeGreaterThan(5);
  }
  const second = await startWorkerd("workerd-chat");
  const whole = readResponses(await second.fetch("/chat", { method: "POST", body: JSON.stringify(one) }));
  expect(doneOf(await collect(whole)).choices[0].message.content).toBe(await alone(one));
  await second.stop();
});
