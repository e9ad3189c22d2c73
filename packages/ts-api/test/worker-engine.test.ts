import { demoModel } from "@wick/demo-model";
import { readFile } from "node:fs/promises";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import { collect, eventually, terminalOf, textOf } from "../../../test/conformance/chunks.ts";
import { describeLaws } from "../../../test/conformance/laws.ts";
import { describeRequestOptions } from "../../../test/conformance/request-options.ts";
import { describeWriting } from "../../../test/conformance/writing.ts";
import { createModel } from "../src/model/create-model.js";
import { nodeSetting } from "../src/wasm/node-setting.js";
import { wasmBackend } from "../src/wasm/wasm-backend.js";
import { WorkerHost } from "../src/wasm/worker-host.js";
import type { FromWorker, ToWorker } from "../src/wasm/worker-messages.js";

/** A worker as a page sees it, over a channel whose other end is in this thread. */
class ChannelWorker {
  readonly #page: MessagePort;
  readonly #worker: MessagePort;
  readonly said: FromWorker[] = [];
  readonly heard: ToWorker[] = [];
  isTerminated = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#page = port1;
    this.#worker = port2;
    WorkerHost.serve({
      postMessage: (message, transfer = []) => port2.postMessage(message, transfer),
      addEventListener: (_, listener) => void port2.on("message", (data) => listener({ data })),
      close: () => port2.close(),
    });
    port2.on("message", (message) => this.heard.push(message));
    port1.on("message", (message) => this.said.push(message));
  }

  postMessage(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#page.postMessage(message, transfer);
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    if (type === "message") this.#page.on("message", (data) => listener({ data } as never));
  }

  terminate(): void {
    this.isTerminated = true;
    this.#page.close();
    this.#worker.close();
  }

  count(kind: FromWorker["kind"]): number {
    return this.said.filter((message) => message.kind === kind).length;
  }
}

const workers: ChannelWorker[] = [];
const Model = createModel(
  wasmBackend({
    ...nodeSetting,
    placeOptions: ["worker", "workerUrl", "wasmUrl"],
    startWorker: () => {
      workers.push(new ChannelWorker());
      return workers.at(-1) as unknown as Worker;
    },
    testFaults: true,
  }),
);
const messages = [{ role: "user" as const, content: "Write a short story about Mia the fox." }];
const request = { messages, maxTokens: 40, randomSeed: 7 };
const name = "a Web Worker";

describeLaws({ name, load: () => Model.load(demoModel(), { worker: true }), request });
describeWriting({ name, load: () => Model.load(demoModel(), { worker: true }), request });
describeRequestOptions({ name, load: (options) => Model.load(demoModel(), { ...options, worker: true }) });

describe("a model in a worker", () => {
  afterEach(() => {
    for (const worker of workers.splice(0)) worker.terminate();
  });

  async function load() {
    const model = await Model.load(await readFile(demoModel()), { worker: true });
    const worker = workers.at(-1);
    if (worker === undefined) throw new Error("no worker was started");
    return { model, worker };
  }

  test("says what it says without one", async () => {
    const { model } = await load();
    const beside = await Model.load(demoModel());
    expect((await model.chat.complete(request)).choices).toEqual((await beside.chat.complete(request)).choices);
    const tokens = await model.tokenize("The quick brown fox.");
    expect((await model.logits(tokens)).logits).toEqual((await beside.logits(tokens)).logits);
    await Promise.all([model.close(), beside.close()]);
  });

  test("sends an event only when it is asked for", async () => {
    const { model, worker } = await load();
    const before = worker.count("event");
    const reader = model.chat.stream({ ...request, ignoreEos: true })[Symbol.asyncIterator]();
    for (let read = 0; read < 3; read += 1) await reader.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(worker.count("event") - before).toBe(3);
    await reader.return?.();
    await model.close();
  });

  test("keeps the page's turns free: bytes go in pieces, each confirmed", async () => {
    const { model, worker } = await load();
    const writes = worker.heard.filter(({ kind }) => kind === "write");
    expect(writes.length).toBe(2);
    await model.close();
  });

  test("tells its stats and trace, the steps once each", async () => {
    const { model } = await load();
    const { usage } = await model.chat.complete(request);
    expect(model.stats()).toMatchObject({ running: expect.any(Number) });
    const steps = [...model.trace()];
    await eventually(() => {
      steps.push(...model.trace());
      return steps.reduce((sum, { sampled }) => sum + sampled, 0) === usage?.completionTokens;
    });
    await eventually(() => model.stats().running === 0);
    expect(steps.map(({ step }) => step)).toEqual(steps.map((_, index) => index + 1));
    await model.close();
    expect(() => model.stats()).toThrow(expect.objectContaining({ code: "engine_closed" }));
  });

  test("ends its worker when it is closed, once its streams are read", async () => {
    const { model, worker } = await load();
    const reader = model.chat.stream({ ...request, ignoreEos: true })[Symbol.asyncIterator]();
    await reader.next();
    await model.close();
    let last = await reader.next();
    while (last.value?.kind === "chunk") last = await reader.next();
    expect(last.value).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
    await eventually(() => worker.isTerminated);
  });

  test("a trap ends its worker: each stream with what it delivered", async () => {
    const { model, worker } = await load();
    worker.postMessage({
      kind: "submit",
      ticket: 1e6,
      command: JSON.stringify({ kind: "fault", model: 1, fault: "step_panic", nth: 17 }),
      buffers: [],
    });
    const responses = await collect(model.chat.stream({ ...request, ignoreEos: true }));
    const terminal = terminalOf(responses);
    if (terminal.kind !== "internal_error") throw new Error(`expected internal_error, got ${terminal.kind}`);
    expect(terminal.error).toMatchObject({
      code: "instance_poisoned",
      details: { panic: expect.stringContaining("a fault was injected") },
    });
    expect(terminal.partial.choices[0]).toMatchObject({ message: { content: textOf(responses) } });
    expect(textOf(responses).length).toBeGreaterThan(10);
    expect(worker.isTerminated).toBe(true);
    await expect(model.tokenize("a")).rejects.toMatchObject({ code: "instance_poisoned" });
    await model.close();
    const again = await load();
    expect((await again.model.chat.complete({ ...request, maxTokens: 3 })).usage?.completionTokens).toBe(3);
    await again.model.close();
  });

  test("what it refuses is told, and its worker goes", async () => {
    await expect(Model.load(new Uint8Array(100), { worker: true })).rejects.toMatchObject({
      code: "model_unsupported",
    });
    await expect(Model.load(demoModel(), { worker: true, maxMemoryBytes: 1e6 })).rejects.toMatchObject({
      code: "out_of_memory",
    });
    await eventually(() => workers.every(({ isTerminated }) => isTerminated));
    expect(workers.length).toBe(2);
  });

  test("an abort while it loads ends its worker", async () => {
    const controller = new AbortController();
    const bytes = await readFile(demoModel());
    let given = 0;
    const slow = new ReadableStream<Uint8Array>({
      async pull(queue) {
        queue.enqueue(bytes.slice(given, given + 100_000));
        given += 100_000;
        if (given > 1_000_000) controller.abort();
      },
    });
    await expect(Model.load(slow, { worker: true, signal: controller.signal })).rejects.toMatchObject({
      code: "cancelled",
    });
    await eventually(() => workers.every(({ isTerminated }) => isTerminated));
    expect(workers.length).toBe(1);
  });

  test("a script of another version is refused", async () => {
    const worker = new ChannelWorker();
    workers.push(worker);
    worker.postMessage({
      kind: "open",
      call: 1,
      schemaHash: "another",
      module: await nodeSetting.compile(),
      options: { memoryLimit: 2 ** 30, testFaults: false },
    });
    await eventually(() => worker.count("broken") === 1);
    expect(worker.said[0]).toMatchObject({ error: { code: "backend_unavailable", details: { expected: "another" } } });
  });
});
