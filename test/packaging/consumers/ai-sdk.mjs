// A language model of the AI SDK, called as the SDK calls one.

import { wick } from "@wick/ai-sdk";
import { demoModel } from "@wick/demo-model";
import { Model } from "wick";

const model = await Model.load(demoModel());
const { content, finishReason } = await wick(model).doGenerate({
  prompt: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
  maxOutputTokens: 5,
});
if (content[0]?.type !== "text" || finishReason.unified !== "length") throw new Error(JSON.stringify(content));
console.log(JSON.stringify(content));
await model.close();
