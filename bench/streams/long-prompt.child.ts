// Four streams decode while a prompt of thirty thousand tokens comes in.
import { Model } from "wick";

const [path = "", length] = process.argv.slice(2);
const model = await Model.load(path, { backend: "cpu", contextLength: 32_768 });
const prompt = (count: number, seed: number) =>
  Array.from({ length: count }, (_, index) => 100 + ((index * 7 + seed) % 3000));

let reading = true;
const pauses: number[] = [];
let quiet: number[] = [];
const abort = new AbortController();
const readers = [1, 2, 3, 4].map(async (seed) => {
  const stream = model.completions.stream({ prompt: prompt(64, seed), ignoreEos: true }, { signal: abort.signal });
  let last = performance.now();
  let chunks = 0;
  for await (const response of stream) {
    if (response.kind !== "completion_chunk") break;
    const now = performance.now();
    chunks += 1;
    if (chunks > 16) (reading ? quiet : pauses).push(now - last);
    last = now;
  }
});
await new Promise((resolve) => setTimeout(resolve, 3000));
quiet = quiet.toSorted((a, b) => a - b);
const decodeStep = quiet[Math.floor(quiet.length / 2)] ?? Number.NaN;
reading = false;

const chunks: number[] = [];
let last = performance.now();
const start = last;
const content = "a ".repeat(Number(length) / 2);
const long = { messages: [{ role: "user" as const, content }], maxTokens: 1, promptProgress: true as const };
for await (const response of model.chat.stream(long)) {
  const now = performance.now();
  if (response.kind === "prompt_progress" && response.processed > 0) chunks.push(now - last);
  if (response.kind === "validation_error") throw new Error(response.error.message);
  last = now;
}
const total = performance.now() - start;
abort.abort();
await Promise.all(readers);
await model.close();
console.log(
  JSON.stringify({
    decodeStep,
    longest: Math.max(...pauses),
    slowest: Math.max(...chunks),
    steps: chunks.length,
    total,
  }),
);
