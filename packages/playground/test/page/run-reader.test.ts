import { expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { Announcer } from "../../src/page/announcer.ts";
import { readAloud } from "../../src/page/run-reader.ts";
import { Run } from "../../src/run/run.ts";
import { ManualClock } from "../run/manual-clock.ts";

const messages = [{ role: "user" as const, content: "Hi" }];

test("a run is read in sentences with rests between, and its end is said", async () => {
  const clock = new ManualClock();
  const announcer = new Announcer();
  const said: string[] = [];
  announcer.said.subscribe((all) => said.push(...all.slice(-1).map(({ text }) => text)));
  const words = Array.from({ length: 40 }, (_, index) => `Sentence ${index}. `);
  const model = scriptedModel({ replies: [{ reasoning: "Hm.", text: words, delayMs: 1 }] });
  const run = new Run({ model, parent: "q", request: { messages }, clock });
  const reading = readAloud(run, announcer, () => clock.time);
  const ticking = setInterval(() => {
    clock.pass(100);
    clock.frame();
  }, 1);
  await reading;
  clearInterval(ticking);
  const all = said.join(" ");
  for (const word of words) expect(all.split(word.trim())).toHaveLength(2);
  expect(all.startsWith("Thinking.")).toBe(true);
  expect(all.endsWith("The answer is complete, 41 tokens.")).toBe(true);
  // 1.5 s of the clock between two, which goes on by a tenth of one with each turn.
  expect(said.length).toBeLessThan(12);
});

test("how it failed is said", async () => {
  const announcer = new Announcer();
  const error = { code: "numeric_error" as const, message: "No number." };
  const model = scriptedModel({ replies: [{ text: "The sky is", end: { kind: "model_error", error } }] });
  const run = new Run({ model, parent: "q", request: { messages }, clock: new ManualClock() });
  await readAloud(run, announcer, () => 0);
  const [last] = announcer.said.value.slice(-1);
  expect(last?.text).toBe("The sky is The answer failed: No number.");
});
