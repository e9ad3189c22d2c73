// What a model tells its hook, through the real engine.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { demoModel } from "@wick/demo-model";
import { describe, expect, test } from "vitest";
import { type LoadOptions, type LogEntry, Model, type ModelSource } from "wick";
import { collect, eventually } from "./chunks.ts";
import { loadFaulty } from "./faulty-model.ts";

const secret = "Xylophonia";
const messages = [{ role: "user" as const, content: `Tell me a story about ${secret}.` }];
const request = { messages, maxTokens: 8, ignoreEos: true, randomSeed: 1 };

/** A model and what it has told so far. */
async function logged(options: LoadOptions = {}, source: ModelSource = demoModel()) {
  const entries: LogEntry[] = [];
  const model = await Model.load(source, { ...options, onLog: (entry) => void entries.push(entry) });
  return { model, entries, events: () => entries.map(({ event }) => event) };
}

function entryOf<E extends LogEntry["event"]>(entries: readonly LogEntry[], event: E) {
  const found = entries.find((entry): entry is Extract<LogEntry, { event: E }> => entry.event === event);
  if (found === undefined) throw new Error(`no ${event} among ${entries.map((entry) => entry.event).join(", ")}`);
  return found;
}

describe("the log of a model", () => {
  test("begins with what was loaded, before the load resolves", async () => {
    const { model, entries } = await logged({ contextLength: 256, threads: 2, kvCache: "q8" });
    expect(entries).toEqual([
      {
        event: "model_loaded",
        level: "info",
        message: expect.stringMatching(/^\S.* was loaded in \d+ ms: .*\(q8\), 256 tokens of context\.$/),
        atMs: expect.any(Number),
        model: model.info.id,
        architecture: model.info.architecture,
        engine: "cpu",
        device: "cpu",
        quantization: model.info.quantization,
        threads: 2,
        weightsBytes: expect.any(Number),
        kvCache: "q8",
        kvMemoryBytes: model.stats().kvBytesTotal,
        contextLength: 256,
        maxSequences: 8,
        warnings: 0,
        loadMs: expect.any(Number),
      },
    ]);
    await model.close();
  });

  test("has the warnings of the load", async () => {
    const { model, entries } = await logged({ kvMemoryBytes: 1_500_000, logLevel: "warn" });
    expect(model.info.warnings).toHaveLength(1);
    expect(entries).toMatchObject([{ event: "load_warning", level: "warn", warning: model.info.warnings[0] }]);
    await model.close();
  });

  test("tells of each request at debug, as it happens and unasked", async () => {
    const { model, entries, events } = await logged({ logLevel: "debug" });
    const { id, usage } = await model.chat.complete(request);
    await eventually(() => entries.length === 4);
    expect(events()).toEqual(["model_loaded", "request_accepted", "request_begun", "request_ended"]);
    expect(entries.slice(1)).toMatchObject([
      { level: "debug", request: id, promptTokens: usage?.promptTokens, choices: 1, queued: 1 },
      { level: "debug", request: id, cachedTokens: 0, waitedMs: expect.any(Number) },
      { level: "debug", request: id, outcome: "done", finishReasons: ["length"], completionTokens: 8 },
    ]);
    const times = entries.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(model.trace().every(({ atMs }) => atMs >= (times[0] ?? Infinity))).toBe(true);
    await model.close();
  });

  test("tells how a request ended whose reader left, and one that was refused", async () => {
    const { model, entries } = await logged({ logLevel: "debug" });
    for await (const _ of model.chat.stream({ ...request, maxTokens: 500 })) break;
    await collect(model.chat.stream({ ...request, temperature: -1 }));
    await eventually(() => entries.filter(({ event }) => event === "request_ended").length === 2);
    expect(entries.filter(({ event }) => event === "request_ended")).toMatchObject([
      { outcome: "cancelled", reason: "cancel", request: expect.stringMatching(/^chatcmpl-/) },
      { outcome: "validation_error", errorCode: "invalid_request", completionTokens: 0 },
    ]);
    await model.close();
  });

  test("has no more than was asked for", async () => {
    const [info, error] = await Promise.all([logged(), logged({ logLevel: "error" })]);
    for (const { model } of [info, error]) {
      await model.chat.complete(request);
      await model.close();
    }
    expect(info.events()).toEqual(["model_loaded", "model_closed"]);
    expect(error.events()).toEqual([]);
  });

  test("warns of a queue that is full", async () => {
    const { model, entries } = await logged({ maxSequences: 1, maxQueue: 1 });
    const ends = await Promise.all(Array.from({ length: 6 }, () => collect(model.chat.stream(request))));
    const refused = ends.filter(([first]) => first?.kind === "validation_error").length;
    await model.close();
    const told = entries.filter(({ event }) => event === "queue_full");
    expect(refused).toBeGreaterThan(0);
    expect(told).toHaveLength(refused);
    expect(told[0]).toMatchObject({ level: "warn", request: expect.stringMatching(/^chatcmpl-/) });
  });

  test("tells of sequences that make room for others", async () => {
    const { model, entries } = await logged({
      maxSequences: 4,
      contextLength: 256,
      kvMemoryBytes: 1_200_000,
      logLevel: "debug",
    });
    const long = (randomSeed: number) =>
      model.chat.complete({ ...request, temperature: 1, randomSeed, maxTokens: 150 });
    await Promise.all([long(1), long(2), long(3), long(4)]);
    await model.close();
    const preempted = entryOf(entries, "sequence_preempted");
    expect(preempted).toMatchObject({ level: "info", preemptions: 1, choice: 0 });
    expect(Math.min(preempted.blocks, preempted.tokens)).toBeGreaterThan(0);
    const requestsOf = (event: LogEntry["event"]) =>
      new Set(entries.flatMap((entry) => (entry.event === event && "request" in entry ? [entry.request] : [])));
    expect(requestsOf("sequence_resumed")).toEqual(requestsOf("sequence_preempted"));
  });

  test("warns of a request that the model fails over", async () => {
    const entries: LogEntry[] = [];
    const { model, inject } = await loadFaulty({ onLog: (entry) => void entries.push(entry) });
    await inject("nan_logit", 3);
    await collect(model.chat.stream(request));
    await model.close();
    expect(entryOf(entries, "request_ended")).toMatchObject({
      level: "warn",
      outcome: "model_error",
      errorCode: "numeric_error",
      completionTokens: 2,
    });
  });

  test.each([
    ["forward_panic", "engine_failed", "a fault was injected"],
    ["device_lost", "device_lost", undefined],
  ] as const)("says why an engine broke: %s", async (fault, errorCode, panic) => {
    const entries: LogEntry[] = [];
    const { model, inject } = await loadFaulty({ onLog: (entry) => void entries.push(entry) });
    await inject(fault, 3);
    await collect(model.chat.stream(request));
    await model.close();
    expect(entries.map(({ event }) => event)).toEqual(["model_loaded", "engine_failed", "model_closed"]);
    expect(entryOf(entries, "engine_failed")).toMatchObject({ level: "error", errorCode, ended: 1 });
    expect(entryOf(entries, "engine_failed").panic).toBe(panic);
  });

  test("is told whole when the model is closed, and ends with that", async () => {
    for (let round = 0; round < 20; round += 1) {
      const { model, entries, events } = await logged({ logLevel: "debug" });
      const streams = Array.from({ length: 3 }, () => collect(model.chat.stream({ ...request, maxTokens: 200 })));
      await model.close();
      expect(events().at(-1)).toBe("model_closed");
      const told = entries.length;
      await Promise.all(streams);
      await expect(model.chat.complete(request)).rejects.toMatchObject({ code: "engine_closed" });
      expect(entries).toHaveLength(told);
    }
  });

  test("never has text of a prompt or an answer", async () => {
    const { model, entries } = await logged({ logLevel: "debug", maxSequences: 2, maxQueue: 2 });
    const texts: string[] = [];
    const asked = [
      request,
      { ...request, stop: [secret] },
      { ...request, [secret]: 1 },
      { ...request, n: 2 },
      { ...request, templateKwargs: { [secret]: secret } },
      request,
      request,
    ];
    for (const responses of await Promise.all(asked.map((each) => collect(model.chat.stream(each))))) {
      for (const response of responses) {
        if (response.kind === "done") texts.push(...response.completion.choices.map((c) => c.message.content));
      }
    }
    await model.completions.complete({ prompt: secret, maxTokens: 4, echo: true });
    await model.close();
    const log = JSON.stringify(entries);
    expect(entries.length).toBeGreaterThan(12);
    expect(log).not.toContain(secret);
    expect(texts.filter((text) => text.length > 0 && log.includes(text))).toEqual([]);
    expect(texts.join("").length).toBeGreaterThan(20);
  });

  test("has no lines of a file's own", async () => {
    const bytes = new Uint8Array(await readFile(demoModel()));
    const at = Buffer.from(bytes.buffer).indexOf("Wick demo 6M");
    bytes.set(new TextEncoder().encode("A\r\nB\u001B[2J"), at);
    const { model, entries } = await logged({}, bytes);
    await model.close();
    expect(model.info.id).toContain("A\r\nB");
    const { model: name, message } = entryOf(entries, "model_loaded");
    expect(name).toContain("A\\r\\nB\\u{1b}[2J");
    expect(message).toContain(name);
    expect([...message].filter((character) => character < " ")).toEqual([]);
  });
});

/** A program with a hook that prints; what it printed, and how it ended. */
async function program(body: string) {
  const head = `import { Model } from "wick"; import { demoModel } from "@wick/demo-model";
    const request = { messages: [{ role: "user", content: "Tell me a story." }], maxTokens: 4 };`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", `${head} ${body}`], {
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    timeout: 20_000,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const [code] = await once(child, "close");
  return { stdout: stdout.trim().split("\n"), stderr, code };
}

describe("a hook", () => {
  const onLog = `onLog: ({ event }) => console.log(event)`;

  test("keeps no process alive", async () => {
    expect(await program(`await Model.load(demoModel(), { ${onLog} });`)).toEqual({
      stdout: ["model_loaded"],
      stderr: "",
      code: 0,
    });
  });

  test("that throws ends the process as any listener does", async () => {
    const body = `await Model.load(demoModel(), { onLog() { throw new Error("mine"); } });
      await new Promise((resolve) => setTimeout(resolve, 5000)); console.log("lives");`;
    const { stdout, stderr, code } = await program(body);
    expect({ stdout, code }).toEqual({ stdout: [""], code: 1 });
    expect(stderr).toContain("Error: mine");
  });

  test("that throws breaks no stream, and is called again", async () => {
    const body = `process.on("uncaughtException", ({ message }) => console.log("uncaught", message));
      const model = await Model.load(demoModel(), { logLevel: "debug", onLog({ event }) { throw new Error(event); } });
      const { object } = await model.chat.complete(request);
      await model.close();
      setImmediate(() => console.log(object));`;
    const events = ["model_loaded", "request_accepted", "request_begun", "request_ended", "model_closed"];
    expect(await program(body)).toEqual({
      stdout: [...events.map((event) => `uncaught ${event}`), "chat.completion"],
      stderr: "",
      code: 0,
    });
  });

  test("has the log of its own environment", async () => {
    const worker = `import { Model } from "wick"; import { demoModel } from "@wick/demo-model"; import { parentPort } from "node:worker_threads";
      const entries = []; const model = await Model.load(demoModel(), { contextLength: 128, onLog: (entry) => entries.push(entry) });
      await model.close();
      parentPort.postMessage(entries.map(({ event, contextLength }) => [event, contextLength]));`;
    const body = `import { Worker } from "node:worker_threads"; import { once } from "node:events";
      const entries = []; const model = await Model.load(demoModel(), { contextLength: 256, onLog: (entry) => entries.push(entry) });
      const worker = new Worker(${JSON.stringify(worker)}, { eval: true, execArgv: ["--input-type=module"] });
      const [theirs] = await once(worker, "message");
      await model.close();
      console.log(JSON.stringify(theirs));
      console.log(JSON.stringify(entries.map(({ event, contextLength }) => [event, contextLength])));`;
    const { stdout, stderr, code } = await program(body);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(stdout.map((line) => JSON.parse(line))).toEqual([
      [
        ["model_loaded", 128],
        ["model_closed", null],
      ],
      [
        ["model_loaded", 256],
        ["model_closed", null],
      ],
    ]);
  });
});
