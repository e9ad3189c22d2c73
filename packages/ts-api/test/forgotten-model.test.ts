import { expect, test } from "vitest";
import { createModel } from "../src/model/create-model.js";
import { FakeEngine, fakeBackend } from "./fake-engine.js";

const info = { id: "m", capabilities: { tools: false, reasoning: false, fim: false, embeddings: false }, warnings: [] };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function collected(engine: FakeEngine, rounds: number): Promise<boolean> {
  for (let round = 0; round < rounds; round += 1) {
    if (engine.submitted.some(({ command }) => command.kind === "close")) return true;
    globalThis.gc?.();
    await pause(5);
  }
  return false;
}

/** Loads a model and keeps what `use` gives of it. */
async function keep<T>(engine: FakeEngine, use: (model: Awaited<ReturnType<typeof load>>) => T): Promise<T> {
  return use(await load(engine));
}

async function load(engine: FakeEngine) {
  const loading = createModel(fakeBackend(engine)).load("m");
  await pause(0);
  engine.put(1, { kind: "loaded", model: 1, info });
  return loading;
}

test("a model that nobody can reach is closed", async () => {
  const engine = new FakeEngine();
  await keep(engine, () => {});
  expect(await collected(engine, 50)).toBe(true);
});

test("one of which a stream or a part is in use is not", async () => {
  const engine = new FakeEngine();
  const chat = await keep(engine, (model) => model.chat);
  expect(await collected(engine, 10)).toBe(false);
  const reader = chat.stream({ messages: [] })[Symbol.asyncIterator]();
  const pull = reader.next();
  expect(await collected(engine, 10)).toBe(false);
  engine.put(2, { kind: "validation_error", error: { code: "invalid_request", message: "", retryable: false } });
  expect((await pull).value).toMatchObject({ kind: "validation_error" });
});
