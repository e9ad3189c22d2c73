import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { type JsonSchema, Model, WickError } from "wick";
import { drawn, randomSchema } from "./random-schemas.ts";

/** More of them are a campaign: `WICK_RUNS=10000`. */
const runs = Number(process.env["WICK_RUNS"] ?? 600);
const models = ["llama3", "qwen3", "llama-yarn"];
/** At once, so that grammars share steps. */
const together = 6;

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

interface Outcome {
  reason: string;
  /** What is wrong with an answer that came to its end. */
  issues?: string | undefined;
}

async function outcomes(model: Model, seed: number): Promise<Outcome[]> {
  const draw = drawn(seed);
  const schemaDefinition = randomSchema(draw);
  const request = {
    messages: [{ role: "user" as const, content: `Say something ${seed}.` }],
    temperature: [0, 0.7, 0.7, 1, 1, 2, 3, 3][draw(8)],
    randomSeed: seed,
    n: draw(6) === 0 ? 2 : 1,
    maxTokens: 300,
    responseFormat: { type: "json_schema" as const, jsonSchema: { name: "random", schemaDefinition } },
  };
  try {
    const { choices } = await model.chat.complete(request);
    return choices.map(({ finishReason, message: { content } }) => ({
      reason: finishReason,
      issues: finishReason === "stop" ? issuesOf(schemaDefinition, content) : undefined,
    }));
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    return [{ reason: error.code }];
  }
}

function issuesOf(schema: JsonSchema, text: string): string | undefined {
  const told = (why: string) => `${JSON.stringify(schema)} has ${text}: ${why}`;
  try {
    const validate = ajv.compile(schema);
    return validate(JSON.parse(text)) ? undefined : told(ajv.errorsText(validate.errors));
  } catch (error) {
    return told(String(error));
  }
}

test(`${runs} answers of models that know nothing, in random schemas: what ends is valid`, async () => {
  const reasons: Record<string, number> = {};
  const invalid: string[] = [];
  for (const [index, name] of models.entries()) {
    await using model = await Model.load(new URL(`../fixtures/tiny-models/${name}`, import.meta.url), {
      speculation: index === 0 ? "ngram" : "off",
      maxQueue: together,
    });
    const share = Math.ceil(runs / models.length);
    let seed = index * share;
    const worker = async () => {
      while (seed < (index + 1) * share) {
        seed += 1;
        for (const { reason, issues } of await outcomes(model, seed)) {
          reasons[reason] = (reasons[reason] ?? 0) + 1;
          if (issues !== undefined) invalid.push(issues);
        }
      }
    };
    await Promise.all(Array.from({ length: together }, worker));
  }
  const count = (reason: string) => reasons[reason] ?? 0;
  const total = Object.values(reasons).reduce((sum, many) => sum + many, 0);
  if (process.env["WICK_RUNS"] !== undefined) console.log(reasons);
  expect(invalid).toEqual([]);
  expect(count("stop")).toBeGreaterThan(total / 2);
  // A schema that no value fits, or no grammar can keep to, is said to be that.
  expect(count("stop") + count("length") + count("grammar_invalid")).toBe(total);
}, 1_800_000);
