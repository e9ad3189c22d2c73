import { demoModel } from "@wick/demo-model";
import { readFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import { collect, terminalOf, textOf } from "../../../test/conformance/chunks.ts";
import type { Engine } from "../src/backend.js";
import { createModel } from "../src/model/create-model.js";
import { nodeSetting } from "../src/wasm/node-setting.js";
import { wasmBackend } from "../src/wasm/wasm-backend.js";

const messages = [{ role: "user" as const, content: "Tell me a story." }];
const request = { messages, temperature: 0, ignoreEos: true, maxTokens: 60 };
const backend = wasmBackend({ ...nodeSetting, testFaults: true });
const engines: Engine[] = [];
const Model = createModel({
  ...backend,
  async open(doorbell, options) {
    const engine = await backend.open(doorbell, options);
    engines.push(engine);
    return engine;
  },
});
let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await readFile(demoModel());
});

/** A model and what it takes to break it. */
async function load() {
  const model = await Model.load(bytes);
  const engine = engines.at(-1);
  const inject = (fault: string, nth: number) =>
    engine?.submit(JSON.stringify({ kind: "fault", model: 1, fault, nth }));
  return { model, inject };
}

test("a trap ends its own instance: each stream with what it delivered", async () => {
  const [{ model, inject }, neighbour] = [await load(), await load()];
  const expected = (await neighbour.model.chat.complete(request)).choices;
  const besides = neighbour.model.chat.complete(request);
  inject("step_panic", 17);
  const streams = [
    collect(model.chat.stream(request)),
    collect(model.chat.stream({ ...request, n: 2 })),
    collect(model.completions.stream({ prompt: "Once upon a time", temperature: 0, ignoreEos: true })),
  ];
  for (const responses of await Promise.all(streams)) {
    const terminal = terminalOf<(typeof responses)[number]>(responses);
    if (terminal.kind !== "internal_error") throw new Error(`expected internal_error, got ${terminal.kind}`);
    expect(terminal.error).toMatchObject({
      code: "instance_poisoned",
      details: { panic: expect.stringContaining("a fault was injected") },
    });
    for (const choice of terminal.partial.choices) {
      const said = "text" in choice ? choice.text : choice.message.content;
      expect(said).toBe(textOf(responses, choice.index));
      expect(said.length).toBeGreaterThan(10);
    }
  }
  expect((await besides).choices).toEqual(expected);
  expect(await collect(model.chat.stream(request))).toMatchObject([
    { kind: "internal_error", error: { code: "instance_poisoned" } },
  ]);
  await expect(model.tokenize("a")).rejects.toMatchObject({ code: "instance_poisoned" });
  expect(() => model.stats()).toThrow(expect.objectContaining({ code: "instance_poisoned" }));
  await model.close();
  await neighbour.model.close();
  const again = await load();
  expect((await again.model.chat.complete(request)).choices).toEqual(expected);
  await again.model.close();
});

test("an error in one sequence is no trap", async () => {
  const { model, inject } = await load();
  inject("nan_logit", 5);
  const terminal = terminalOf(await collect(model.chat.stream(request)));
  expect(terminal).toMatchObject({ kind: "model_error", error: { code: "numeric_error" } });
  expect((await model.chat.complete({ ...request, maxTokens: 3 })).usage?.completionTokens).toBe(3);
  await model.close();
});

test("what a call finds from within a call is busy, and nothing is touched", async () => {
  const { model } = await load();
  const engine = engines.at(-1);
  const ask = engine?.schemaHash.bind(engine);
  // The one way back in: what the module asks of its host.
  const now = performance.now.bind(performance);
  const found: unknown[] = [];
  performance.now = () => {
    performance.now = now;
    try {
      ask?.();
    } catch (error) {
      found.push(error);
    }
    return now();
  };
  const { usage } = await model.chat.complete({ ...request, maxTokens: 3 });
  expect(found).toMatchObject([{ code: "busy" }]);
  expect(usage?.completionTokens).toBe(3);
  await model.close();
});

test("a model's memory goes with it, streams that are still to be read apart", async () => {
  const { model } = await load();
  const engine = engines.at(-1);
  const reader = model.chat.stream(request)[Symbol.asyncIterator]();
  await reader.next();
  await model.close();
  expect(() => engine?.schemaHash()).not.toThrow();
  let last = await reader.next();
  while (last.value?.kind === "chunk") last = await reader.next();
  expect(last.value).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
  expect(() => engine?.schemaHash()).toThrow(expect.objectContaining({ code: "engine_closed" }));
});
