import { demoModel } from "@wick/demo-model";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { Model as NativeModel } from "wick";
import { Model } from "wick/wasm";
import { collect, terminalOf } from "./chunks.ts";
import { describeLaws } from "./laws.ts";
import { describeRequestOptions } from "./request-options.ts";
import { transcriptsOf } from "./transcripts.ts";
import { describeWriting } from "./writing.ts";

const name = "WebAssembly in Node";
const messages = [{ role: "user" as const, content: "Write a short story about Mia the fox." }];
// A seed: sampled without one, an answer is now and then shorter than what the laws are tried on.
const subject = { name, load: () => Model.load(demoModel()), request: { messages, maxTokens: 40, randomSeed: 7 } };

describeLaws(subject);
describeWriting(subject);
describeRequestOptions({ name, load: (options) => Model.load(demoModel(), options) });

test("says what the native engine says, byte by byte", async () => {
  await using wasm = await Model.load(demoModel());
  await using native = await NativeModel.load(demoModel(), { backend: "cpu" });
  expect(wasm.info).toMatchObject({ backend: "wasm", engine: "cpu" });
  expect(await transcriptsOf(wasm)).toEqual(await transcriptsOf(native));
});

test("raw logits have the same bits", async () => {
  await using wasm = await Model.load(demoModel());
  await using native = await NativeModel.load(demoModel(), { backend: "cpu" });
  const tokens = await native.tokenize("The quick brown fox jumps over the lazy dog. ".repeat(8));
  const [ours, theirs] = await Promise.all([wasm, native].map((model) => model.logits(tokens, { last: 16 })));
  const bits = (row: Float32Array | undefined) => new Uint32Array(row?.buffer ?? new ArrayBuffer(0));
  expect(bits(ours?.logits).length).toBeGreaterThan(16 * 4000);
  expect(bits(ours?.logits)).toEqual(bits(theirs?.logits));
});

describe("a load", () => {
  test.each<[string, () => Promise<Uint8Array | ArrayBuffer>]>([
    ["bytes", () => readFile(demoModel())],
    ["an ArrayBuffer", async () => new Uint8Array(await readFile(demoModel())).buffer],
  ])("from %s", async (_, source) => {
    await using model = await Model.load(await source());
    expect((await model.chat.complete({ messages, maxTokens: 3 })).usage?.completionTokens).toBe(3);
  });

  test("of a file that is missing, cut or none", async () => {
    await expect(Model.load("./missing.gguf")).rejects.toMatchObject({ code: "not_found" });
    const bytes = await readFile(demoModel());
    await expect(Model.load(bytes.subarray(0, 500_000))).rejects.toMatchObject({ code: "model_invalid" });
    await expect(Model.load(new Uint8Array(100))).rejects.toMatchObject({ code: "model_unsupported" });
  });

  test("of more than it may have", async () => {
    await expect(Model.load(demoModel(), { maxMemoryBytes: 1_000_000 })).rejects.toMatchObject({
      code: "out_of_memory",
      info: { details: { limit: 1_000_000 } },
    });
  });
});

test("a host without SIMD is told what it lacks", async () => {
  const program = `
    WebAssembly.validate = () => false;
    const { Model } = await import("wick/wasm");
    await Model.load(${JSON.stringify(demoModel())}).catch(({ code, message }) => console.log(code, message));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
  });
  expect(stdout).toMatch(/^backend_unavailable .*SIMD/);
});

test("two models at once, and one that is closed meanwhile", async () => {
  const [one, two] = await Promise.all([Model.load(demoModel()), Model.load(demoModel())]);
  const reading = collect(one.chat.stream({ messages, ignoreEos: true }));
  const alone = await two.chat.complete(subject.request);
  await one.close();
  expect(terminalOf(await reading)).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
  expect((await two.chat.complete(subject.request)).choices).toEqual(alone.choices);
  await two.close();
});

test("the host has its turn between two tokens", async () => {
  await using model = await Model.load(demoModel());
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  const { usage } = await model.chat.complete({ messages, ignoreEos: true, maxTokens: 200 });
  clearInterval(timer);
  expect(usage?.completionTokens).toBe(200);
  expect(turns).toBeGreaterThan(50);
});
