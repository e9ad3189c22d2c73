// Time to first token of two requests that begin with the same thousand tokens.
import { demoModel } from "@wick/demo-model";
import { Model } from "wick";

const model = await Model.load(demoModel(), { backend: "cpu" });
const pairs: { first: number; second: number; cached: number }[] = [];
for (let pair = 0; pair < 9; pair += 1) {
  const prefix = Array.from({ length: 1000 }, (_, index) => 100 + ((index * 7 + pair * 131) % 3000));
  const ask = (last: number) =>
    model.completions.complete({ prompt: [...prefix, last], maxTokens: 2, ignoreEos: true });
  const first = await ask(50);
  const second = await ask(60);
  pairs.push({
    first: first.timings?.firstTokenMs ?? Number.NaN,
    second: second.timings?.firstTokenMs ?? Number.NaN,
    cached: second.usage?.cachedTokens ?? 0,
  });
}
await model.close();
console.log(JSON.stringify(pairs));
