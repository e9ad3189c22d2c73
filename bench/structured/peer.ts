import { demoModel } from "@wick/demo-model";
import { runChild } from "../child.ts";
import { randomModel } from "../models.ts";
import { nodeLlamaCpp } from "../peers/setup.ts";
import { type Figure, median } from "../report.ts";

const text = (maxLength: number) => ({ type: "string", maxLength });
/** What both can keep to. */
const schema = {
  type: "object",
  properties: {
    title: text(40),
    priority: { enum: ["low", "normal", "high", "urgent"] },
    people: {
      type: "array",
      items: {
        type: "object",
        properties: { firstName: text(20), lastName: text(20), isCustomer: { type: "boolean" } },
      },
      minItems: 3,
      maxItems: 3,
    },
    shippingAddress: { type: "object", properties: { street: text(30), postalCode: text(8), city: text(20) } },
    description: text(400),
  },
};
const strict = JSON.stringify(schema, (_, value: unknown) => {
  if (typeof value !== "object" || value === null || !("properties" in value)) return value;
  return { ...value, required: Object.keys(value.properties as object), additionalProperties: false };
});

const models = [
  { name: "demo model", path: () => String(demoModel()), tokens: 120 },
  { name: "Qwen3-0.6B's shape, Q4_0", path: () => randomModel("Q4_0"), tokens: 120 },
] as const;

/** Tokens per second under a schema against node-llama-cpp, in turn. */
export function* measurePeer(): Generator<Figure> {
  for (const { name, path, tokens } of models) {
    const args = [path(), "2", String(tokens), "5"];
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < 3; turn += 1) {
      ours.push(...runChild<number[]>(new URL("wick.child.ts", import.meta.url), [...args, strict]));
      theirs.push(
        ...runChild<number[]>(new URL("node-llama-cpp.child.ts", import.meta.url), [...args, strict, nodeLlamaCpp()]),
      );
    }
    yield {
      name: `decode under a schema, ${name}, 2 threads: against node-llama-cpp`,
      value: median(ours) / median(theirs),
      unit: "×",
      atLeast: 1.5,
      note: `${median(ours).toFixed(0)} against ${median(theirs).toFixed(0)} tokens/s`,
    };
  }
}
