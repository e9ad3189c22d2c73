import { demoModel } from "@wick/demo-model";
import { type Message, Model, assertNever } from "wick";

// Reading the model's file is all that it must be allowed.
await using model = await Model.load(demoModel());
const messages: Message[] = [];
const encoder = new TextEncoder();
const write = (text: string) => Deno.stdout.write(encoder.encode(text));

await write(`${model.info.id}, ${model.info.backend}. An empty line ends the chat.\n`);
for (let question = prompt(">"); question; question = prompt(">")) {
  messages.push({ role: "user", content: question });
  for await (const response of model.chat.stream({ messages, temperature: 0 })) {
    switch (response.kind) {
      case "chunk":
        await write(response.choices[0].delta.content ?? "");
        break;
      case "done":
        messages.push(response.completion.choices[0].message);
        await write("\n");
        break;
      case "cancelled":
      case "validation_error":
      case "model_error":
      case "internal_error":
        throw new Error("error" in response ? response.error.message : response.reason);
      default:
        assertNever(response);
    }
  }
}
