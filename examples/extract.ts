import { demoModel } from "@wick/demo-model";
import { Model, WickError } from "wick";
import { z } from "zod";

// A value out of a text, as it grows: `npm run example -- extract "Mia the fox lives in Rome."`. Another model by its path first.
const [path, ...words] = process.argv.slice(2);
const isPath = path !== undefined && /[/\\]|\.gguf$/.test(path);
const text = (isPath ? words : process.argv.slice(2)).join(" ") || "What is the weather in Paris?";

// The model can write nothing else. Limits of lengths are worth it: a small model may not know when to stop.
const schema = z.object({
  topic: z.string().max(40).describe("What the text is about, in a few words"),
  places: z.array(z.string().max(20)).max(3).describe("Places that it names"),
  kind: z.enum(["question", "statement", "request"]),
  certainty: z.number().min(0).max(1),
});

await using model = await Model.load(isPath ? path : demoModel());
const stream = model.chat.parseStream(
  { messages: [{ role: "user", content: text }], temperature: 0, maxTokens: 300 },
  schema,
);
try {
  // Each is a value of its own, in which everything may still be missing.
  for await (const partial of stream.partials()) show(JSON.stringify(partial));
  const { parsed, usage } = await stream.final();
  show(`${parsed.kind} about ${JSON.stringify(parsed.topic)}, in ${parsed.places.join(", ") || "no place"}\n`);
  console.error(`${usage?.completionTokens ?? 0} tokens`);
} catch (error) {
  if (!WickError.isInstance(error)) throw error;
  // `output_invalid` where the answer was cut: its text is there all the same.
  console.error(`\n${error.code}: ${error.message}\n${error.partialText ?? ""}`);
  process.exitCode = 1;
}

/** On a terminal in place of what was there, else on a line of its own. */
function show(line: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
}
