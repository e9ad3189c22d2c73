// Our grammar, measured as node-llama-cpp's: `<model> <threads> <tokens> <rounds> <schema>`.
import { type JsonSchema, Model } from "wick";

const [path = "", threads = "2", tokens = "64", rounds = "5", schema = "{}"] = process.argv.slice(2);
const template = "{% for message in messages %}{{ message.content }}\n{% endfor %}";
const model = await Model.load(path, { backend: "cpu", threads: Number(threads), chatTemplate: template });
const schemaDefinition = JSON.parse(schema) as JsonSchema;
const rates: number[] = [];
for (let round = 0; round <= Number(rounds); round += 1) {
  const { usage, timings } = await model.chat.complete({
    messages: [{ role: "user", content: "An order, please." }],
    responseFormat: { type: "json_schema", jsonSchema: { name: "bench", schemaDefinition } },
    temperature: 0,
    maxTokens: Number(tokens),
  });
  if (round > 0) rates.push((1000 * ((usage?.completionTokens ?? 0) - 1)) / (timings?.decodeMs ?? Number.NaN));
}
await model.close();
console.log(JSON.stringify(rates));
