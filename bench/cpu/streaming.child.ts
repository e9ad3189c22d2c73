// All cores compute while this thread reads: `streaming.child.ts file threads`. Tokens as JavaScript has them, what each costs beside
// the engine's own time, how late timers are, and how soon a cancelled stream is over.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type CompletionRequest, Model } from "wick";

const [path = "", threads] = process.argv.slice(2);
const TOKENS = 256;
const CANCELS = 50;

await using model = await Model.load(path, { threads: Number(threads), contextLength: 1024 });
const request = { prompt: "Once", ignoreEos: true, temperature: 0 } satisfies CompletionRequest;

/** Tokens per second as they are read, and as the engine computed them. */
async function read(): Promise<{ tokensPerSecond: number; engine: number; microsecondsPerToken: number }> {
  let first = Number.NaN;
  for await (const response of model.completions.stream({ ...request, maxTokens: TOKENS + 1 })) {
    if (response.kind === "completion_chunk") {
      if (Number.isNaN(first)) first = performance.now();
      continue;
    }
    if (response.kind !== "completion_done") throw new Error(JSON.stringify(response));
    const seconds = (performance.now() - first) / 1000;
    const engine = response.completion.timings?.tokensPerSecond ?? Number.NaN;
    return {
      tokensPerSecond: TOKENS / seconds,
      engine,
      microsecondsPerToken: (1e6 * (seconds - TOKENS / engine)) / TOKENS,
    };
  }
  throw new Error("no end");
}

/** Milliseconds from the cancel to the stream's end, in the middle of an answer. */
async function cancel(after: number): Promise<number> {
  const stream = model.completions.stream({ ...request, maxTokens: 64 });
  let chunks = 0;
  let start = Number.NaN;
  for await (const response of stream) {
    if (response.kind === "cancelled") return performance.now() - start;
    chunks += 1;
    if (chunks !== after) continue;
    // Not when a token has just come: somewhere in the step that computes the next.
    setTimeout(() => {
      start = performance.now();
      stream.cancel();
    }, chunks % 10);
  }
  throw new Error("nobody cancelled it");
}

await read();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const streams = [await read(), await read(), await read()];
delay.disable();
const cancels: number[] = [];
while (cancels.length < CANCELS) cancels.push(await cancel(4 + (cancels.length % 11)));
// A timer of a millisecond counts from one tick to the next.
const late = { median: delay.percentile(50) / 1e6 - 1, most: delay.percentile(99) / 1e6 - 1 };
console.log(JSON.stringify({ streams, cancels, late }));
