// Fifty workers, two at a time, are terminated while their model decodes. A model loaded afterwards answers.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { demoModel } from "@wick/demo-model";
import { openEngine, readEvents } from "./read-events.mjs";

async function decodeAndTerminate() {
  const worker = new Worker(new URL("worker-with-model.mjs", import.meta.url));
  assert.deepEqual(await once(worker, "message"), ["chunk"]);
  await worker.terminate();
}

for (let round = 0; round < 25; round += 1) await Promise.all([decodeAndTerminate(), decodeAndTerminate()]);

const engine = openEngine();
const last = async (command) => {
  let event;
  for await (event of readEvents(engine, command));
  return event;
};
const { model } = await last({ kind: "load", source: { kind: "path", path: demoModel() }, options: {} });
const messages = [{ role: "user", content: "What is the capital of France?" }];
const { completion } = await last({ kind: "chat", model, request: { messages, temperature: 0 } });
console.log(completion.choices[0].message.content);
