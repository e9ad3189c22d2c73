// One stream that is read, alone and beside a hundred whose readers have stopped.
import { demoModel } from "@wick/demo-model";
import { type ChatRequest, Model } from "wick";

const stalledCount = Number(process.argv[2]);
const model = await Model.load(demoModel(), { backend: "cpu", maxQueue: 1000, contextLength: 1024 });
const request: ChatRequest = {
  messages: [{ role: "user", content: "Tell me a story." }],
  ignoreEos: true,
  maxTokens: 400,
};

/** Tokens per second, as the reader sees them. */
async function live(): Promise<number> {
  const start = performance.now();
  const { usage } = await model.chat.stream(request).final();
  return (1000 * (usage?.completionTokens ?? 0)) / (performance.now() - start);
}

const settle = async () => {
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

await live();
const alone: number[] = [];
const beside: number[] = [];
for (let run = 0; run < 5; run += 1) alone.push(await live());
await settle();
const before = process.memoryUsage().rss;
const readers = Array.from({ length: stalledCount }, (_, index) => {
  const messages = [{ role: "user" as const, content: `Tell me story ${index}.` }];
  return model.chat.stream({ ...request, messages })[Symbol.asyncIterator]();
});
for (const reader of readers) await reader.next();
while (model.stats().parked < stalledCount) await new Promise((resolve) => setTimeout(resolve, 5));
await settle();
const after = process.memoryUsage().rss;
const kv = [model.stats().kvBytesUsed];
for (let run = 0; run < 5; run += 1) {
  beside.push(await live());
  // The last step ends a moment after its reader has the answer.
  while (model.stats().running > stalledCount) await new Promise((resolve) => setTimeout(resolve, 1));
  kv.push(model.stats().kvBytesUsed);
}
const { parked } = model.stats();
for (const reader of readers) await reader.return?.();
await model.close();
console.log(JSON.stringify({ alone, beside, before, after, kv, parked }));
