import { demoModel } from "@wick/demo-model";
import { Model, assertNever } from "wick";

const model = await Model.load(demoModel());
const messages = [{ role: "user", content: "Why is the sky blue?" }];
let text = "";
for await (const response of model.chat.stream({ messages, temperature: 0, maxTokens: 16 })) {
  switch (response.kind) {
    case "chunk":
      text += response.choices[0].delta.content ?? "";
      break;
    case "done":
      console.log(JSON.stringify({ text, usage: response.completion.usage, backend: model.info.backend }));
      break;
    case "validation_error":
    case "model_error":
    case "internal_error":
    case "cancelled":
      throw new Error(JSON.stringify(response));
    default:
      assertNever(response);
  }
}
await model.close();
