import { expect, test } from "vitest";
import { createModel } from "../src/model/create-model.js";
import type { LogEntry } from "../src/model/log-entry.js";
import { FakeEngine, fakeBackend } from "./fake-engine.js";

const info = { id: "m", capabilities: { tools: false, reasoning: false, fim: false, embeddings: false }, warnings: [] };
const turn = () => new Promise((resolve) => setTimeout(resolve));
const entry = (event: string) => ({ kind: "log", entry: { event, level: "info", message: event, atMs: 1 } });

/** A model whose log is ticket 9, and which is loaded. */
async function loaded(onLog: (entry: LogEntry) => void) {
  const engine = new FakeEngine();
  const backend = fakeBackend(engine);
  const loading = createModel(backend).load("m", { onLog, logLevel: "debug" });
  await turn();
  engine.put(9, entry("model_loaded"));
  engine.put(1, { kind: "loaded", model: 7, info, log: 9 });
  return { engine, backend, model: await loading };
}

test("a log is asked for where there is a hook", async () => {
  const engine = new FakeEngine();
  const { load, estimate } = createModel(fakeBackend(engine));
  const onLog = () => {};
  void load("m", {});
  void load("m", { logLevel: "debug" });
  void load("m", { onLog });
  void load("m", { onLog, logLevel: "warn" });
  void estimate("m", { onLog });
  await turn();
  expect(engine.submitted.map(({ command }) => [command.kind, command["log"], command["options"]])).toEqual([
    ["load", undefined, {}],
    ["load", undefined, {}],
    ["load", "info", {}],
    ["load", "warn", {}],
    ["estimate", undefined, {}],
  ]);
});

test("entries are told as they come, and the process is not kept for them", async () => {
  const told: string[] = [];
  const { engine, backend } = await loaded(({ event }) => void told.push(event));
  expect(told).toEqual(["model_loaded"]);
  expect(backend.alive).toEqual([true, false]);
  engine.put(9, entry("queue_full"));
  engine.put(9, entry("step_failed"));
  expect(told).toEqual(["model_loaded", "queue_full", "step_failed"]);
  expect(backend.alive).toEqual([true, false]);
});

test("closing tells what lies there though its bell has not rung, and ends the log", async () => {
  const told: string[] = [];
  const { engine, model } = await loaded(({ event }) => void told.push(event));
  const closing = model.close();
  // The answer comes first; the bell of the log is late.
  const ring = engine.doorbell;
  engine.doorbell = () => {};
  engine.put(9, entry("model_closed"));
  engine.put(9, { kind: "result", value: null });
  engine.woken();
  engine.doorbell = ring;
  engine.put(2, { kind: "result", value: null });
  await closing;
  expect(told).toEqual(["model_loaded", "model_closed"]);
  engine.put(9, entry("queue_full"));
  await model.close();
  expect(told).toHaveLength(2);
});

test("a hook may close the model it is told of", async () => {
  const told: string[] = [];
  const closing: Promise<void>[] = [];
  const { engine, model } = await loaded(({ event }) => {
    told.push(event);
    if (event === "engine_failed") closing.push(model.close());
  });
  engine.put(9, entry("engine_failed"));
  engine.put(9, entry("model_closed"));
  engine.put(9, { kind: "result", value: null });
  engine.put(2, { kind: "result", value: null });
  await Promise.all(closing);
  expect(told).toEqual(["model_loaded", "engine_failed", "model_closed"]);
});
