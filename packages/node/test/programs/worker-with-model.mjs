// A worker that loads the demo model, asks it for a long answer, and says so at its first word.
import { parentPort } from "node:worker_threads";
import { demoModel } from "@wick/demo-model";
import { openEngine, readEvents } from "./read-events.mjs";

const engine = openEngine();
let model;
for await (const event of readEvents(engine, {
  kind: "load",
  source: { kind: "path", path: demoModel() },
  options: {},
})) {
  ({ model } = event);
}
const request = {
  messages: [{ role: "user", content: "Write a short story about Mia the fox." }],
  ignoreEos: true,
  maxTokens: 1500,
};
let told = false;
for await (const event of readEvents(engine, { kind: "chat", model, request })) {
  if (!told) parentPort.postMessage(event.kind);
  told = true;
}
