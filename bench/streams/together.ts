import { demoModel } from "@wick/demo-model";

import { runChild } from "../child.ts";
import { randomModel } from "../models.ts";
import { median, type Figure } from "../report.ts";

/** Four sequences at once against one. */
export function measureTogether(): Figure[] {
  const models = [
    ["demo model", demoModel()],
    ["Qwen3-0.6B Q4_0", randomModel("Q4_0")],
    ["Qwen3-0.6B Q8_0", randomModel("Q8_0")],
  ] as const;
  return models.map(([name, path]) => {
    const module = new URL("together.child.ts", import.meta.url);
    const rates = runChild<readonly { one: number; four: number }[]>(module, [path]);
    const [one, four] = [median(rates.map((rate) => rate.one)), median(rates.map((rate) => rate.four))];
    return {
      name: `${name}: 4 sequences at once against 1`,
      value: four / one,
      unit: "×",
      note: `${four.toFixed(1)} against ${one.toFixed(1)} tokens/s, prompts of 32 included; medians of 3`,
    };
  });
}
