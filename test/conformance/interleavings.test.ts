// Many readers of one model, each with its own manners: whoever reads to the end gets what the request says alone.

import { setImmediate } from "node:timers/promises";
import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ChatRequest, Model } from "wick";
import { eventually } from "./chunks.ts";

const rounds = 1000;

/** Mulberry32: a round replays from its number. */
function randomOf(seed: number) {
  let state = seed >>> 0;
  return (bound: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const system = { role: "system" as const, content: "You are a helpful assistant who answers in short sentences." };
const questions = ["Tell me a story.", "What is the capital of France?", "Write a poem.", "How does a compiler work?"];
const requests: ChatRequest[] = questions.flatMap((content, index) =>
  [0, 1].map((temperature) => ({
    messages: index % 2 === 0 ? [system, { role: "user", content }] : [{ role: "user", content }],
    temperature,
    randomSeed: index,
    maxTokens: 4 + 3 * index,
    n: index === 3 ? 2 : 1,
  })),
);

let model: Model;
/** Requests with what each says when nothing else runs. */
const asked: { request: ChatRequest; alone: string[] }[] = [];

function item<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
}

beforeAll(async () => {
  // Little memory and few slots, so that sequences wait and make room for one another.
  model = await Model.load(demoModel(), { maxSequences: 4, contextLength: 256, kvMemoryBytes: 1_200_000 });
  for (const request of requests) {
    const { choices } = await model.chat.complete(request);
    asked.push({ request, alone: choices.map(({ message }) => message.content) });
  }
});
afterAll(() => model.close());

/** Reads a stream in one of the ways; tells how it ended and what it said. */
async function read(
  request: ChatRequest,
  manners: "reads" | "cancels" | "stalls",
  random: (bound: number) => number,
  others: Promise<unknown>,
) {
  const abort = new AbortController();
  const stream = model.chat.stream(request, { signal: abort.signal });
  const texts = Array.from({ length: request.n ?? 1 }, () => "");
  const turning = random(6);
  let chunks = 0;
  for await (const response of stream) {
    if (response.kind !== "chunk") return { kind: response.kind, texts };
    for (const { index, delta } of response.choices) texts[index] += delta.content ?? "";
    chunks += 1;
    if (random(4) === 0) await setImmediate();
    if (chunks !== turning) continue;
    if (manners === "stalls") await others;
    if (manners === "cancels" && random(3) === 0) return { kind: "left", texts };
    if (manners === "cancels" && random(2) === 0) abort.abort();
    else if (manners === "cancels") stream.cancel();
  }
  throw new Error("a stream without an end");
}

test(`${rounds} interleavings`, { timeout: 300_000 }, async () => {
  const ends = new Map<string, number>();
  const wrong: unknown[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const random = randomOf(round);
    let go = () => {};
    const others = new Promise<void>((resolve) => (go = resolve));
    const readers = Array.from({ length: 1 + random(6) }, () => {
      const { request, alone } = item(asked, random(asked.length));
      const draw = random(10);
      const manners = draw < 2 ? "cancels" : draw < 3 ? "stalls" : "reads";
      return { alone, manners, ended: read(request, manners, random, others) } as const;
    });
    await Promise.all(readers.filter(({ manners }) => manners !== "stalls").map(({ ended }) => ended));
    go();
    for (const { alone, manners, ended } of readers) {
      const { kind, texts } = await ended;
      ends.set(kind, (ends.get(kind) ?? 0) + 1);
      const isWhole = texts.every((text, index) => text === alone[index]);
      const isPart = texts.every((text, index) => alone[index]?.startsWith(text));
      const isRight = kind === "done" ? isWhole : isPart && manners === "cancels";
      if (!isRight) wrong.push({ round, manners, kind, texts, alone });
    }
    await eventually(() => model.stats().kvBytesUsed === 0 && model.stats().running + model.stats().queued === 0);
  }
  expect(wrong).toEqual([]);
  expect(ends.get("done")).toBeGreaterThan(rounds);
  expect((ends.get("cancelled") ?? 0) + (ends.get("left") ?? 0)).toBeGreaterThan(rounds / 10);
});
