// A server over the demo model, and a client of it.

import { demoModel } from "@wick/demo-model";
import { serve } from "@wick/server/node";
import { Model } from "wick";

const model = await Model.load(demoModel());
const server = await serve({ models: { demo: model }, port: 0, log: false });
const client = Model.connect({ provider: "wick", model: "demo", baseURL: server.url });
const { choices, usage } = await client.chat.complete({
  messages: [{ role: "user", content: "Hello" }],
  temperature: 0,
  maxTokens: 8,
});
console.log(JSON.stringify({ text: choices[0].message.content, usage, backend: client.info.backend }));
await server.close();
await model.close();
