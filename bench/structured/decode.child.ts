// Decode speed of one model with and without a schema, in turn: `<model> <threads> <tokens>`.
import { type ChatRequest, type JsonSchema, Model } from "wick";
import { order } from "./cases.ts";

const [path = "", threads = "2", tokens = "64", rounds = "7"] = process.argv.slice(2);
const template = "{% for message in messages %}{{ message.content }}\n{% endfor %}";
const model = await Model.load(path, { backend: "cpu", threads: Number(threads), chatTemplate: template });

const text: JsonSchema = {
  type: "object",
  properties: { text: { type: "string", minLength: 4000 } },
  required: ["text"],
  additionalProperties: false,
};
/** What a schema of a trade comes to where the model knows no values: its texts are cut. */
const cut = JSON.parse(
  JSON.stringify(order.schema, (_, value: unknown) => {
    const is = (kind: string) => typeof value === "object" && value !== null && Reflect.get(value, "type") === kind;
    if (is("string") && !("pattern" in (value as object)) && !("format" in (value as object)))
      return { type: "string", maxLength: 12 };
    if (is("array")) return { ...(value as object), maxItems: 2 };
    return value;
  }),
) as JsonSchema;

const base = { messages: [{ role: "user" as const, content: "An order, please." }], temperature: 0 };
const formatted = (schemaDefinition: JsonSchema): Partial<ChatRequest> => ({
  responseFormat: { type: "json_schema", jsonSchema: { name: "bench", schemaDefinition } },
});
/** Each with as many tokens of free text as it has itself. */
const kinds: Readonly<Record<string, ChatRequest>> = {
  text: { ...base, maxTokens: Number(tokens), ...formatted(text) },
  order: { ...base, maxTokens: 2 * Number(tokens), ...formatted(cut) },
};

const rate = async (request: ChatRequest) => {
  const { usage, timings } = await model.chat.complete(request);
  const count = usage?.completionTokens ?? 0;
  return { rate: (1000 * (count - 1)) / (timings?.decodeMs ?? Number.NaN), tokens: count };
};
const measured: Record<string, { under: number; free: number; tokens: number }[]> = {};
for (let round = 0; round <= Number(rounds); round += 1) {
  for (const [kind, request] of Object.entries(kinds)) {
    const under = await rate(request);
    const free = await rate({ ...base, maxTokens: under.tokens, ignoreEos: true });
    // The first round only warms up.
    if (round > 0) (measured[kind] ??= []).push({ under: under.rate, free: free.rate, tokens: under.tokens });
  }
}
await model.close();
console.log(JSON.stringify(measured));
