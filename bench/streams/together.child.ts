// Tokens per second of one sequence and of four at once.
import { Model } from "wick";

const [path = ""] = process.argv.slice(2);
const model = await Model.load(path, { backend: "cpu", contextLength: 1024 });
const run = async (count: number, seed: number) => {
  const start = performance.now();
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      model.completions.complete({
        prompt: Array.from({ length: 32 }, (__, at) => 100 + ((at * 7 + index + seed * 10) % 3000)),
        maxTokens: 64,
        ignoreEos: true,
        temperature: 0,
      }),
    ),
  );
  const tokens = answers.reduce((sum, { usage }) => sum + (usage?.completionTokens ?? 0), 0);
  return (1000 * tokens) / (performance.now() - start);
};
await run(1, 0);
const rates: { one: number; four: number }[] = [];
for (let round = 1; round <= 3; round += 1) rates.push({ one: await run(1, round), four: await run(4, round + 10) });
await model.close();
console.log(JSON.stringify(rates));
