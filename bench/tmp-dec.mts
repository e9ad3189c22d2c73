import { Model } from "wick";
const [path = "", threads, p, n] = process.argv.slice(2);
const model = await Model.load(path, { threads: Number(threads), contextLength: 4096 });
const prompt = Array.from({ length: Number(p) }, (_, index) => 1000 + 7 * index);
for (let run = 0; run < 2; run++) {
  const { timings } = await model.completions.complete({ prompt: prompt.map((t) => t + run), maxTokens: Number(n), ignoreEos: true, temperature: 0 });
  console.log("prefill", (1000 * prompt.length) / timings.promptMs, "decode", timings.tokensPerSecond);
}
await model.close();
