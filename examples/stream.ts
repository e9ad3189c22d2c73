import { demoModel } from "@wick/demo-model";
import { type Message, Model, assertNever } from "wick";

const question = process.argv.slice(2).join(" ") || "How does a battery work, in short?";
const messages = [{ role: "user", content: question }] satisfies Message[];
const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());
await using model = await Model.load(demoModel());
for await (const response of model.chat.stream({ messages, temperature: 0 }, { signal: interrupt.signal })) {
  switch (response.kind) {
    case "chunk":
      process.stdout.write(response.choices[0].delta.content ?? "");
      break;
    case "done": {
      const { usage, timings: { firstTokenMs, tokensPerSecond } = {} } = response.completion;
      const speed = `first after ${firstTokenMs?.toFixed()} ms, ${tokensPerSecond?.toFixed()} tokens per second`;
      console.log(`\n${model.info.backend}: ${usage?.completionTokens} tokens, ${speed}`);
      break;
    }
    case "cancelled":
      process.exitCode = 130;
      break;
    case "validation_error":
    case "model_error":
    case "internal_error":
      throw new Error(response.error.message);
    default:
      assertNever(response);
  }
}
