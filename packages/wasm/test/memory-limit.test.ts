// An instance that may have so much memory and no more: what does not fit is refused, and the instance lives on.

import { expect, test } from "vitest";
import { type Event, Instance, demoBytes, everything } from "./instance.ts";

const mib = 2 ** 20;
const messages = (text: string) => [{ role: "user", content: text }];
const story = { messages: messages("Tell me a story."), temperature: 1, randomSeed: 5, ignoreEos: true };

/** Linear memory of an instance with the demo model, before its first request. */
async function memoryOfTheModel(options: object): Promise<number> {
  const instance = await Instance.open(everything);
  expect(instance.load(demoBytes, options).kind).toBe("loaded");
  return instance.core.memoryNeeded(0);
}

function textOf(events: readonly Event[]): string {
  const deltas = events.flatMap(({ choices }) => (choices ?? []) as { delta?: { content?: string } }[]);
  return deltas.map(({ delta }) => delta?.content ?? "").join("");
}

test.each([Number.NaN, -1, 0, 1000, 10 * mib + 0.5, 2 ** 32, Infinity])("a limit of %d is refused", async (limit) => {
  await expect(Instance.open(limit)).rejects.toThrow("it has to be a whole number");
});

test("there is no buffer beyond the limit", async () => {
  const instance = await Instance.open(16 * mib);
  expect(instance.core.memoryLimit()).toBe(16 * mib);
  for (const bytes of [16 * mib, 2 ** 32 + 1000, 2 ** 53]) {
    expect(instance.core.allocate(bytes)).toBeUndefined();
    expect(instance.core.memoryNeeded(bytes)).toBeGreaterThan(16 * mib);
  }
  const room = 16 * mib - instance.core.memoryNeeded(0);
  expect(room).toBeGreaterThan(10 * mib);
  const buffer = instance.core.allocate(room - mib);
  expect(buffer).toBeDefined();
  expect(instance.core.allocate(2 * mib)).toBeUndefined();
  instance.core.deallocate(buffer ?? 0);
  expect(instance.core.allocate(2 * mib)).toBeDefined();
  expect(instance.peak).toBeLessThanOrEqual(16 * mib);
});

test("a model and its context that do not fit are refused before they are there", async () => {
  const options = { contextLength: 1024 };
  const tight = await Instance.open(12 * mib);
  const before = tight.core.memoryNeeded(demoBytes.length);
  const { error } = tight.load(demoBytes, options) as Event & {
    error: { code: string; details: { needed: number; limit: number } };
  };
  expect(error).toMatchObject({ code: "out_of_memory", details: { limit: 12 * mib } });
  expect(error.details.needed).toBeGreaterThan(before + 1024 * 3072);
  // The arena of a step alone has more.
  expect(tight.peak).toBeLessThan(before + mib);
  // The figure is what it takes, rounded to pages.
  const enough = await Instance.open(Math.ceil(error.details.needed / 65_536 + 2) * 65_536);
  expect(enough.load(demoBytes, options).kind).toBe("loaded");
  const done = enough.call({ kind: "chat", model: 1, request: { ...story, maxTokens: 1000 } });
  expect(done).toMatchObject({ kind: "done", completion: { usage: { completionTokens: 1000 } } });
  expect(enough.peak).toBeLessThanOrEqual(enough.core.memoryLimit());
});

test("a context shrinks to the memory that there is", async () => {
  const limit = (await memoryOfTheModel({ contextLength: 32 })) + 3 * mib;
  const instance = await Instance.open(limit);
  const { info } = instance.load(demoBytes) as Event & { info: { contextLength: number; warnings: string[] } };
  expect(info.contextLength).toBeGreaterThan(700);
  expect(info.contextLength).toBeLessThan(1100);
  expect(info.warnings).toEqual([expect.stringContaining("more do not fit the memory")]);
  // All of it can be used.
  const done = instance.call({ kind: "chat", model: 1, request: story });
  expect(done).toMatchObject({ kind: "done", completion: { usage: { totalTokens: info.contextLength } } });
  expect(instance.peak).toBeLessThanOrEqual(limit);
});

test("sequences that do not fit together wait for each other and say what they say alone", async () => {
  const options = { contextLength: 1024, maxSequences: 8, kvMemoryBytes: 24 * mib };
  const requests = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => ({
    ...story,
    messages: messages(`${seed}: ${"The quick brown fox jumps over the lazy dog. ".repeat(10)}`),
    randomSeed: seed,
    maxTokens: 400,
  }));
  const say = (instance: Instance) =>
    instance.run(requests.map((request) => instance.submit({ kind: "chat", model: 1, request })));
  const free = await Instance.open(everything);
  free.load(demoBytes, options);
  const expected = say(free).map(textOf);
  expect(expected.every((text) => text.length > 500)).toBe(true);
  // Room for about three of the eight.
  const limit = (await memoryOfTheModel({ ...options, contextLength: 32 })) + 5 * mib;
  const tight = await Instance.open(limit);
  tight.load(demoBytes, options);
  const said = say(tight);
  expect(said.map((events) => events.at(-1)?.kind)).toEqual(requests.map(() => "done"));
  expect(said.map(textOf)).toEqual(expected);
  expect(tight.peak).toBeLessThanOrEqual(limit);
});

test("what does not fit at all ends alone with out_of_memory", async () => {
  const limit = (await memoryOfTheModel({ contextLength: 32 })) + 4 * mib;
  const instance = await Instance.open(limit);
  expect(instance.load(demoBytes, { contextLength: 256, kvMemoryBytes: 900_000 }).kind).toBe("loaded");
  const refused = { code: "out_of_memory", details: { limit } };
  const ids = (length: number) => Array.from({ length }, () => 1);
  // A result that is too large.
  const logits = { kind: "logits", model: 1, tokens: ids(250), last: 250 };
  expect(instance.call(logits)).toMatchObject({ kind: "failed", error: refused });
  // Texts that take too much to be read, and lists that take too much to be parsed.
  const words = "The quick brown fox jumps over the lazy dog. ".repeat(4000);
  const foxes = "\u{1f98a}".repeat(20_000);
  for (const text of [words, foxes]) {
    const request = { messages: messages(text) };
    expect(instance.call({ kind: "chat", model: 1, request })).toMatchObject({
      kind: "validation_error",
      error: refused,
    });
    for (const command of [
      { kind: "tokenize", text },
      { kind: "count_tokens", request },
      { kind: "embeddings", request: { inputs: [text] } },
    ]) {
      expect(instance.call({ ...command, model: 1 })).toMatchObject({ kind: "failed", error: refused });
    }
  }
  for (const command of [
    { kind: "logits", tokens: ids(50_000) },
    { kind: "detokenize", tokens: ids(50_000) },
    { kind: "completion", request: { prompt: ids(50_000) } },
  ]) {
    expect(instance.core.submit(JSON.stringify({ ...command, model: 1 }), new Uint32Array())).toBeUndefined();
    expect(JSON.parse(instance.core.refusal() ?? "")).toMatchObject(refused);
    expect(instance.core.refusal()).toBeUndefined();
  }
  expect(instance.call({ kind: "chat", model: 1, request: { ...story, maxTokens: 20 } }).kind).toBe("done");
  expect(instance.peak).toBeLessThanOrEqual(limit);
});
