// Resident memory, anonymous and file, of one process: idle with the addon open, or after 512 tokens of prefill and 64 of decode.
import { readFileSync } from "node:fs";
import { Model } from "wick";

const [path, backend] = process.argv.slice(2);

function resident(field: "VmRSS" | "VmHWM"): number {
  const line = readFileSync("/proc/self/status", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(field));
  return 1024 * Number(line?.match(/\d+/)?.[0]);
}

if (path === undefined) {
  await Model.estimate("no-such-file.gguf").catch(() => undefined); // opens the addon and nothing else
  console.log(JSON.stringify({ idle: resident("VmRSS") }));
} else {
  const model = await Model.load(path, { backend: backend === "candle" ? "candle" : "cpu", contextLength: 1024 });
  const tokens = Array.from({ length: 512 }, (_, index) => 1000 + 7 * index);
  let kv = 0;
  for await (const response of model.completions.stream({
    prompt: tokens,
    maxTokens: 64,
    ignoreEos: true,
    temperature: 0,
  })) {
    if (response.kind === "completion_chunk") kv = Math.max(kv, model.stats().kvBytesUsed);
    else if (response.kind !== "completion_done") throw new Error(JSON.stringify(response));
  }
  console.log(JSON.stringify({ peak: resident("VmHWM"), kv }));
  await model.close();
}
