import { fileURLToPath } from "node:url";
import { demoModel } from "@wick/demo-model";
import { type LoadOptions, Model as NativeModel } from "wick";
import { Model } from "wick/wasm";
import type { Figure } from "../report.ts";

const checkpoints = ["llama3", "llama-yarn", "llama-linear", "mistral-window", "qwen2", "qwen3"];
const rows = 16;

/** Logits of the last rows of a text, in WebAssembly and natively. */
export async function measureLogits(): Promise<Figure[]> {
  const text = "The quick brown fox jumps over the lazy dog. ".repeat(8);
  const [ours, theirs] = await both(demoModel(), text);
  const [bits, expected] = [new Uint32Array(ours.buffer), new Uint32Array(theirs.buffer)];
  const different = bits.reduce((count, word, index) => count + Number(word !== expected[index]), 0);
  const figures: Figure[] = [
    {
      name: "logits of other bits than native, demo model",
      value: different,
      unit: "logits",
      atMost: 0,
      note: `of ${bits.length}`,
    },
  ];
  let largest = 0;
  for (const name of checkpoints) {
    const folder = fileURLToPath(new URL(`../../test/fixtures/tiny-models/${name}`, import.meta.url));
    const [wasm, native] = await both(folder, text.slice(0, 100));
    largest = wasm.reduce(
      (most, logit, index) => Math.max(most, Math.abs(logit - (native[index] ?? Number.NaN))),
      largest,
    );
  }
  const name = "largest difference from native, f32 checkpoints";
  return [...figures, { name, value: largest, unit: "", atMost: 1e-4, note: checkpoints.join(", ") }];
}

async function both(path: string, text: string): Promise<[Float32Array, Float32Array]> {
  const options: LoadOptions = { backend: "cpu", contextLength: 256 };
  await using wasm = await Model.load(path, options);
  await using native = await NativeModel.load(path, options);
  const tokens = await native.tokenize(text);
  const [ours, theirs] = await Promise.all([wasm, native].map((model) => model.logits(tokens, { last: rows })));
  if (ours === undefined || theirs?.logits.length !== ours.logits.length) throw new Error("other logits were computed");
  return [ours.logits, theirs.logits];
}
