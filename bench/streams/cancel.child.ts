// From `abort()` to slot and blocks free, in each state a stream can be in, and what ten thousand of them leave behind.
import { setImmediate } from "node:timers/promises";
import { demoModel } from "@wick/demo-model";
import { type ChatRequest, Model } from "wick";

const [cancels] = process.argv.slice(2).map(Number);
// Two sequences at once, so that a third request stands in the queue; one thread, so that this one, which looks all the
// time, has a core; memory for little more than one context, so that what is kept for later requests is soon all it may be.
const model = await Model.load(demoModel(), {
  backend: "cpu",
  threads: 1,
  maxSequences: 2,
  prefillChunk: 64,
  kvMemoryBytes: 11_000_000,
});
const endless: ChatRequest = { messages: [{ role: "user", content: "Tell me a story." }], ignoreEos: true };
let longs = 0;
/** Each begins otherwise, or the prefix cache had most of it. */
const long = (): ChatRequest => ({
  messages: [{ role: "user", content: `${(longs += 1)} ${"The lazy dog sleeps. ".repeat(200)}` }],
});

const isFree = (running: number) => {
  const stats = model.stats();
  return stats.running <= running && stats.queued === 0 && (running > 0 || stats.kvBytesUsed === 0);
};

/** Milliseconds until what `begin` started is gone. */
async function free(request: ChatRequest, running: number, chunks: number): Promise<number> {
  const abort = new AbortController();
  const reader = model.chat.stream(request, { signal: abort.signal })[Symbol.asyncIterator]();
  const first = reader.next();
  if (chunks > 0) await first;
  for (let read = 1; read < chunks; read += 1) await reader.next();
  // Where no chunk is waited for, the request has to be in the engine first.
  if (chunks === 0) for (let turn = 0; turn < 3; turn += 1) await setImmediate();
  const start = performance.now();
  abort.abort();
  while (!isFree(running)) await setImmediate();
  const elapsed = performance.now() - start;
  await first;
  return elapsed;
}

async function repeat(count: number, once: () => Promise<number>) {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) times.push(await once());
  return times;
}

const { timings } = await model.chat.complete({ ...endless, maxTokens: 200 });
const decodeStep = 1000 / (timings?.tokensPerSecond ?? Number.NaN);
const prompt = await model.chat.complete({ ...long(), maxTokens: 1 });
const chunkStep = (prompt.timings?.promptMs ?? Number.NaN) / Math.ceil((prompt.usage?.promptTokens ?? 0) / 64);

const decoding = await repeat(500, () => free(endless, 0, 3));
const prefill = await repeat(500, () => free(long(), 0, 0));
const parked = await repeat(200, async () => {
  const stream = model.chat.stream(endless);
  const reader = stream[Symbol.asyncIterator]();
  await reader.next();
  while (model.stats().parked === 0) await setImmediate();
  const start = performance.now();
  stream.cancel();
  while (!isFree(0)) await setImmediate();
  return performance.now() - start;
});
const stop = new AbortController();
const busy = [1, 2].map(async () => {
  while (!stop.signal.aborted) for await (const _ of model.chat.stream(endless, { signal: stop.signal }));
});
while (model.stats().running < 2) await setImmediate();
const queued = await repeat(500, () => free(endless, 2, 0));
stop.abort();
await Promise.all(busy);
while (!isFree(0)) await setImmediate();

const settle = async () => {
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
};
await repeat(1000, () => free(endless, 0, 1));
const before = await settle();
await repeat(cancels ?? 0, () => free(endless, 0, 1));
const after = await settle();
const { kvBytesUsed, running, queued: waiting } = model.stats();
await model.close();
console.log(
  JSON.stringify({
    decodeStep,
    chunkStep,
    decoding,
    prefill,
    parked,
    queued,
    before,
    after,
    kvBytesUsed,
    left: running + waiting,
  }),
);
