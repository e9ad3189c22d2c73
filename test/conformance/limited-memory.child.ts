// Says that it is ready, is given less memory than its requests want (limited-memory.test.ts), and says what became of them.

import { once } from "node:events";
import { demoModel } from "@wick/demo-model";
import { type ChatRequest, Model } from "wick";
import { collect, terminalOf, textOf } from "./chunks.ts";
import { limitedOptions, shortRequest, tooLong } from "./limited-memory.ts";

const model = await Model.load(demoModel(), limitedOptions);
// What the first request makes, threads and code, is there before the limit.
await model.chat.complete(shortRequest(0, 4));
console.log("ready");
await once(process.stdin, "data");

const outcome = async (request: ChatRequest) => {
  const responses = await collect(model.chat.stream(request));
  const terminal = terminalOf(responses);
  const code = "error" in terminal ? terminal.error.code : undefined;
  const partial = "partial" in terminal ? terminal.partial.choices[0].message.content : undefined;
  return { kind: terminal.kind, code, text: textOf(responses), partial };
};
const together = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => outcome(shortRequest(seed))));
const longRequest = { messages: [{ role: "user" as const, content: tooLong }], maxTokens: 4 };
const [long, beside] = await Promise.all([outcome(longRequest), outcome(shortRequest(7))]);
const vectors = await model.embeddings.create({ inputs: tooLong }).then(
  () => "created",
  (error: { code: string }) => error.code,
);
const after = await outcome(shortRequest(8));
console.log(JSON.stringify({ together, long, beside, vectors, after }));
await model.close();
process.stdin.destroy();
