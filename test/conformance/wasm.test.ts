import { demoModel } from "@wick/demo-model";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Model as NativeModel } from "wick";
import { Model } from "wick/wasm";
import { describeLaws } from "./laws.ts";
import { describeLoads } from "./loads.ts";
import { describeMemory } from "./memory.ts";
import { describeRequestOptions } from "./request-options.ts";
import { describeSources } from "./sources.ts";
import { describeSpeculation } from "./speculation.ts";
import { describeAgents } from "./agents.ts";
import { describeSplitting } from "./splitting.ts";
import { describeStructured } from "./structured.ts";
import { wordsOf } from "./transcripts.ts";
import { describeWriting } from "./writing.ts";

const name = "WebAssembly in Node";
const messages = [{ role: "user" as const, content: "Write a short story about Mia the fox." }];
const load = (options = {}) => Model.load(demoModel(), options);
const bytes = async () => new Uint8Array(await readFile(demoModel()));
// A seed: sampled without one, an answer is now and then shorter than what the laws are tried on.
const subject = { name, load, request: { messages, maxTokens: 40, randomSeed: 7 } };

describeLaws(subject);
describeWriting(subject);
describeRequestOptions({ name, load });
describeSpeculation({ name, load, draftModel: () => demoModel() });
describeSplitting({ name, load });
describeAgents({ name, load });
describeStructured({ name, load });
describeLoads({ name, Model, bytes });
describeSources({ name, Model, bytes });
describeMemory({ name, Model, bytes });

test("says what the native engine says, byte by byte and bit by bit", async () => {
  await using wasm = await Model.load(demoModel());
  await using native = await NativeModel.load(demoModel(), { backend: "cpu" });
  expect(wasm.info).toMatchObject({ backend: "wasm", engine: "cpu" });
  expect(wasm.info.simd).toMatch(/^(relaxed-simd|simd128)$/);
  expect(native.info.simd).toMatch(/^(none|avx2|avxvnni|avx512vnni|amx|neon|dotprod)$/);
  await using candle = await NativeModel.load(demoModel(), { backend: "candle" });
  expect(candle.info).not.toHaveProperty("simd");
  expect(await wordsOf(wasm)).toEqual(await wordsOf(native));
});

test("a load of a file that is missing", async () => {
  await expect(Model.load("./missing.gguf")).rejects.toMatchObject({ code: "not_found" });
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
