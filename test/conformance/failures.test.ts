// What breaks inside a step: in one sequence it ends that stream alone, anywhere else it ends the engine, and never more.

import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, Model, type WickResponse } from "wick";
import { collect, terminalOf, textOf } from "./chunks.ts";
import { type Fault, loadFaulty } from "./faulty-model.ts";

const long: ChatRequest = {
  messages: [{ role: "user", content: "Tell me a story." }],
  temperature: 1,
  randomSeed: 4,
  maxTokens: 300,
  ignoreEos: true,
};
const other: ChatRequest = { ...long, messages: [{ role: "user", content: "How does a compiler work?" }] };

let healthy: Model;
let expected: { long: string; other: string };

const say = async (model: Model, request: ChatRequest) =>
  (await model.chat.complete(request)).choices[0].message.content;

beforeAll(async () => {
  healthy = await Model.load(demoModel());
  expected = { long: await say(healthy, long), other: await say(healthy, other) };
});
afterAll(() => healthy.close());

/** The text that a stream's terminal has of its first choice. */
function partialOf(responses: readonly WickResponse[]): string {
  const terminal = terminalOf(responses);
  if (!("partial" in terminal) || !("choices" in terminal.partial)) {
    throw new Error(`no partial: ${JSON.stringify(terminal)}`);
  }
  const [choice] = terminal.partial.choices;
  return "message" in choice ? choice.message.content : choice.text;
}

/** Reads until `chunks` have come; the rest comes with the second promise. */
function readUntil<R extends WickResponse>(stream: AsyncIterable<R>, chunks: number) {
  const responses: R[] = [];
  let reached = () => {};
  const there = new Promise<void>((resolve) => (reached = resolve));
  const reading = async () => {
    for await (const response of stream) if (responses.push(response) === chunks) reached();
    return responses;
  };
  return { there, all: reading() };
}

describe("an error inside one sequence ends its stream alone", () => {
  test("in the sampler, at the 17th token", async () => {
    const { model, inject } = await loadFaulty();
    // It is past its own 17th token when the fault is put in.
    const neighbour = readUntil(model.chat.stream(long), 20);
    await neighbour.there;
    let isNeighbourOver = false;
    void neighbour.all.then(() => (isNeighbourOver = true));
    await inject("nan_logit", 17);
    const responses = await collect(model.chat.stream(other));
    expect(isNeighbourOver).toBe(false);
    const partial = { choices: [{ finishReason: "error" }], usage: { completionTokens: 16 } };
    expect(terminalOf(responses)).toMatchObject({ kind: "model_error", error: { code: "numeric_error" }, partial });
    expect(partialOf(responses)).toBe(textOf(responses));
    expect(partialOf(responses)).not.toBe("");
    expect(expected.other.startsWith(partialOf(responses))).toBe(true);
    expect(textOf(await neighbour.all)).toBe(expected.long);
    expect(await say(model, other)).toBe(expected.other);
    await model.close();
  });

  test("of a request with several choices", async () => {
    const { model, inject } = await loadFaulty();
    await inject("nan_logit", 17);
    const responses = await collect(model.completions.stream({ prompt: "Once", n: 3, maxTokens: 40, ignoreEos: true }));
    const terminal = terminalOf(responses);
    expect(terminal).toMatchObject({ kind: "completion_model_error", error: { code: "numeric_error" } });
    if (terminal.kind !== "completion_model_error") return;
    expect(terminal.partial.choices.map(({ text }) => text)).toEqual([0, 1, 2].map((at) => textOf(responses, at)));
    expect(await say(model, long)).toBe(expected.long);
    await model.close();
  });

  test("in every sequence of a model whose weights are no numbers", async () => {
    const folder = await mkdtemp(join(tmpdir(), "wick-no-numbers-"));
    const fixture = (name: string) =>
      fileURLToPath(new URL(`../fixtures/demo-model/safetensors/${name}`, import.meta.url));
    for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"]) {
      await copyFile(fixture(name), join(folder, name));
    }
    await writeFile(join(folder, "model.safetensors"), withoutNumbers(await readFile(fixture("model.safetensors"))));
    const neighbour = collect(healthy.chat.stream(long));
    const model = await Model.load(folder, { chatTemplate: "{{ messages[0].content }}" });
    const code = "numeric_error";
    const chats = await Promise.all([1, 2, 3].map(() => collect(model.chat.stream(other))));
    for (const responses of chats) expect(responses).toMatchObject([{ kind: "model_error", error: { code } }]);
    const completed = await collect(model.completions.stream({ prompt: "Once" }));
    expect(completed).toMatchObject([{ kind: "completion_model_error", error: { code } }]);
    await expect(model.logits([100])).rejects.toMatchObject({ code });
    await expect(model.embeddings.create({ inputs: "Once" })).rejects.toMatchObject({ code });
    expect(textOf(await neighbour)).toBe(expected.long);
    await model.close();
    await rm(folder, { recursive: true });
  });
});

describe("what breaks a step ends the engine", () => {
  const code = "engine_failed";
  const places: [fault: Fault, where: string, details: object][] = [
    ["step_panic", "step 17", { panic: "a fault was injected" }],
    ["forward_panic", "the forward pass of step 17", { panic: "a fault was injected" }],
    ["device_lost", "the forward pass of step 17", { cause: "device_lost" }],
    ["sampler_panic", "the sampler at the 17th token", { panic: "a fault was injected" }],
  ];
  test.each(places)("%s in %s", async (fault, _, details) => {
    const neighbour = collect(healthy.chat.stream(long));
    const { model, inject } = await loadFaulty({ maxSequences: 3 });
    const endless = { ...other, maxTokens: 2000 };
    const early = [endless, { ...endless, stop: ["never said"], randomSeed: 5 }];
    const live = early.map((request) => readUntil<WickResponse>(model.chat.stream(request), 20));
    await Promise.all(live.map(({ there }) => there));
    // A sequence that begins now comes to its 17th token, and the others were there before.
    if (fault === "sampler_panic") await inject(fault, 17);
    const completion = { prompt: "Once upon", maxTokens: 2000, ignoreEos: true };
    live.push(readUntil<WickResponse>(model.completions.stream(completion), 1));
    await live[2]?.there;
    const queued = collect(model.chat.stream(endless));
    if (fault !== "sampler_panic") await inject(fault, 17);
    const broken = { kind: "internal_error", error: { code, details } };
    for (const responses of await Promise.all(live.map(({ all }) => all))) {
      expect(responses.filter(({ kind }) => kind === "internal_error")).toHaveLength(1);
      expect(terminalOf(responses)).toMatchObject({ ...broken, partial: { choices: [{ finishReason: "error" }] } });
      expect(partialOf(responses)).toBe(textOf(responses));
      expect(partialOf(responses)).not.toBe("");
    }
    expect(await queued).toMatchObject([broken]);
    expect(partialOf(await queued)).toBe("");

    expect(await collect(model.chat.stream(long))).toMatchObject([broken]);
    await expect(model.chat.complete(long)).rejects.toMatchObject({ code });
    await expect(model.completions.complete({ prompt: "Once" })).rejects.toMatchObject({ code });
    await expect(model.logits([100])).rejects.toMatchObject({ code });
    await expect(model.embeddings.create({ inputs: "Once" })).rejects.toMatchObject({ code });
    expect(model.stats()).toMatchObject({ running: 0, queued: 0, kvBytesUsed: 0 });

    expect(textOf(await neighbour)).toBe(expected.long);
    const fresh = await Model.load(demoModel());
    expect(await say(fresh, other)).toBe(expected.other);
    await Promise.all([fresh.close(), model.close()]);
  });

  test("a request that is about to begin", async () => {
    const { model, inject } = await loadFaulty();
    const running = readUntil(model.chat.stream({ ...long, maxTokens: 2000 }), 1);
    await running.there;
    await inject("admission_panic");
    const broken = { kind: "internal_error", error: { code: "engine_failed" } };
    expect(await collect(model.chat.stream(other))).toMatchObject([broken]);
    expect(terminalOf(await running.all)).toMatchObject(broken);
    await model.close();
  });

  test.each([
    ["logits", (model: Model) => model.logits([100, 101])],
    ["embeddings", (model: Model) => model.embeddings.create({ inputs: ["Once", "upon"] })],
  ])("a call for %s whose own step it is", async (_, call) => {
    const { model, inject } = await loadFaulty();
    await inject("forward_panic");
    const waiting = Promise.allSettled([call(model), call(model)]);
    const failed = { status: "rejected", reason: { code: "engine_failed" } };
    expect(await waiting).toMatchObject([failed, failed]);
    await model.close();
  });
});

/** A safetensors file whose last norm is NaN. */
function withoutNumbers(file: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(file);
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header: Record<string, { data_offsets: [number, number] }> = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)),
  );
  const [from, to] = header["model.norm.weight"]?.data_offsets ?? [0, 0];
  // All bits: NaN in each float type.
  return bytes.fill(0xff, 8 + headerLength + from, 8 + headerLength + to);
}
