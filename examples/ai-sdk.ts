import { wick } from "@wick/ai-sdk";
import { demoModel } from "@wick/demo-model";
import { stepCountIs, streamText, tool } from "ai";
import { Model } from "wick";
import { z } from "zod";

// The Vercel AI SDK over a model in this process, with a tool: `npm run example -- ai-sdk "What is the weather in Paris?"`.
// Another model by its path first.
const [path, ...words] = process.argv.slice(2);
const isPath = path !== undefined && /[/\\]|\.gguf$/.test(path);
const prompt = (isPath ? words : process.argv.slice(2)).join(" ") || "What is the weather in Paris?";

const get_weather = tool({
  description: "Get the weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: 21, sky: "clear" }),
});

// The SDK stops the model by its signal alone: leaving the loop does not.
const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());
await using model = await Model.load(isPath ? path : demoModel());
const { fullStream } = streamText({
  model: wick(model, { defaults: { reasoning: { maxTokens: 200 } } }),
  tools: { get_weather },
  stopWhen: stepCountIs(2),
  prompt,
  temperature: 0,
  maxOutputTokens: 300,
  abortSignal: interrupt.signal,
  // Errors are parts of the stream; without this the SDK prints them as well.
  onError: () => {},
});
for await (const part of fullStream) {
  switch (part.type) {
    case "text-delta":
      process.stdout.write(part.text);
      break;
    case "tool-result":
      console.error(`[${part.toolName} gave ${JSON.stringify(part.output)}]`);
      break;
    case "finish":
      console.error(`\n${part.totalUsage.totalTokens} tokens in all steps`);
      break;
    case "abort":
      process.exitCode = 130;
      break;
    case "error":
      console.error(String(part.error));
      process.exitCode = 1;
      break;
  }
}
