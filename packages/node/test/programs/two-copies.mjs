// Two copies of the addon in one process, as two packages that bring their own install them: each has its own engine and
// threads, both answer at the same time, and one that breaks leaves the other alone.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { demoModel } from "@wick/demo-model";
import { openEngine, readEvents } from "./read-events.mjs";

const require = createRequire(import.meta.url);
const first = openEngine();
const original = Object.keys(require.cache).find((file) => file.endsWith(".node"));
const folder = mkdtempSync(join(tmpdir(), "wick-two-copies-"));
const copy = join(folder, basename(original));
copyFileSync(original, copy);
const second = openEngine(require(copy));
assert.notEqual(first.constructor, second.constructor);

const last = async (engine, command) => {
  let event;
  for await (event of readEvents(engine, command));
  return event;
};
const load = (engine) => last(engine, { kind: "load", source: { kind: "path", path: demoModel() }, options: {} });
const ask = async ({ engine, model }) => {
  const messages = [{ role: "user", content: "What is the capital of France?" }];
  const event = await last(engine, { kind: "chat", model, request: { messages, temperature: 0 } });
  return event.completion?.choices[0].message.content ?? event.error.code;
};
const loaded = await Promise.all(
  [first, second].map(async (engine) => ({ engine, model: (await load(engine)).model })),
);
assert.equal(new Set(await Promise.all([...loaded, ...loaded, ...loaded].map(ask))).size, 1);

await last(first, { kind: "fault", model: loaded[0].model, fault: "step_panic" });
assert.equal(await ask(loaded[0]), "engine_failed");
console.log(await ask(loaded[1]));
try {
  rmSync(folder, { recursive: true });
} catch {
  // Windows keeps a library that is open; the system clears its temporary folder.
}
