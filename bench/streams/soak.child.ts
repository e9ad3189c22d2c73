// Eight clients on one model for minutes: some cancel, some stall, some err. At quiet points everything is as at the first.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { demoModel } from "@wick/demo-model";
import { type ChatRequest, Model } from "wick";

const until = performance.now() + Number(process.argv[2]) * 60_000;
const model = await Model.load(demoModel(), {
  backend: "cpu",
  maxSequences: 4,
  contextLength: 512,
  kvMemoryBytes: 4_000_000,
});
const questions = ["Tell me a story.", "What is the capital of France?", "Write a poem.", "How does a compiler work?"];
const requests: ChatRequest[] = questions.flatMap((content, index) =>
  [0, 1].map((temperature) => ({
    messages: [{ role: "user" as const, content }],
    temperature,
    randomSeed: index,
    maxTokens: 20 + 20 * index,
  })),
);
const expected: string[] = [];
for (const request of requests) expected.push((await model.chat.complete(request)).choices[0].message.content);

const streams: Record<string, number> = {};
let stuck = 0;
let missingTerminals = 0;
let wrongTexts = 0;
const pick = (bound: number) => Math.floor(Math.random() * bound);

async function once(): Promise<void> {
  const which = pick(requests.length);
  const bad = pick(20) === 0;
  const request: ChatRequest = { messages: [], ...requests[which], ...(bad ? { temperature: -1 } : {}) };
  const abort = new AbortController();
  const stream = model.chat.stream(request, { signal: abort.signal });
  const manners = pick(10);
  const turning = pick(15);
  let chunks = 0;
  for await (const response of stream) {
    if (response.kind !== "chunk") {
      streams[response.kind] = (streams[response.kind] ?? 0) + 1;
      if (response.kind === "done" && response.completion.choices[0].message.content !== expected[which])
        wrongTexts += 1;
      return;
    }
    chunks += 1;
    if (chunks !== turning) continue;
    if (manners === 0) {
      streams["left"] = (streams["left"] ?? 0) + 1;
      return;
    }
    if (manners === 1) abort.abort();
    if (manners === 2) await sleep(pick(200));
  }
  missingTerminals += 1;
}

const quietUntilFree = async () => {
  for (let wait = 0; wait < 1000; wait += 1) {
    const { running, queued, kvBytesUsed } = model.stats();
    if (running + queued + kvBytesUsed === 0) return;
    await sleep(5);
  }
  stuck += 1;
};

const liveBytes: number[] = [];
const fileDescriptors: number[] = [];
while (performance.now() < until) {
  const round = Math.min(until, performance.now() + 15_000);
  const client = async () => {
    while (performance.now() < round) {
      const ended = await Promise.race([once().then(() => true), sleep(60_000, false, { ref: false })]);
      if (!ended) stuck += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  await quietUntilFree();
  liveBytes.push(model.stats().kvBytesUsed);
  fileDescriptors.push(readdirSync("/proc/self/fd").length);
}
await model.close();
console.log(
  JSON.stringify({
    streams,
    stuck,
    missingTerminals,
    wrongTexts,
    quietPoints: liveBytes.length,
    liveBytes,
    fileDescriptors,
  }),
);
