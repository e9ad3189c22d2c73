import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline";
import { demoModel } from "@wick/demo-model";
import { type Message, Model, assertNever } from "wick";

// Reading the model's file is all that it must be allowed.
await using model = await Model.load(demoModel());
const messages: Message[] = [];

stdout.write(`${model.info.id}, ${model.info.backend}. An empty line ends the chat.\n> `);
for await (const question of createInterface({ input: stdin })) {
  if (question.trim() === "") break;
  messages.push({ role: "user", content: question });
  for await (const response of model.chat.stream({ messages, temperature: 0 })) {
    switch (response.kind) {
      case "chunk":
        stdout.write(response.choices[0].delta.content ?? "");
        break;
      case "done":
        messages.push(response.completion.choices[0].message);
        stdout.write("\n> ");
        break;
      case "cancelled":
        throw new Error(`cancelled: ${response.reason}`);
      case "validation_error":
      case "model_error":
      case "internal_error":
        throw new Error(response.error.message);
      default:
        assertNever(response);
    }
  }
}
// Deno would wait for what nobody reads any more.
stdin.destroy();
