// Prefill of 512 tokens and decode of 64, one sequence.
import { Model } from "wick";

const [path = "", backend, threads] = process.argv.slice(2);
const model = await Model.load(path, {
  backend: backend === "candle" ? "candle" : "cpu",
  threads: Number(threads),
  contextLength: 1024,
});
const prompt = Array.from({ length: 512 }, (_, index) => 1000 + 7 * index);
const rates: { prefill: number; decode: number }[] = [];
for (let run = 0; run < 3; run++) {
  const { timings } = await model.completions.complete({
    prompt: prompt.map((token) => token + run),
    maxTokens: 64,
    ignoreEos: true,
    temperature: 0,
  });
  rates.push({
    prefill: (1000 * prompt.length) / (timings?.promptMs ?? Number.NaN),
    decode: timings?.tokensPerSecond ?? Number.NaN,
  });
}
await model.close();
console.log(
  JSON.stringify({
    prefill: Math.max(...rates.map((rate) => rate.prefill)),
    decode: Math.max(...rates.map((rate) => rate.decode)),
  }),
);
