import { demoModel } from "@wick/demo-model";
import { expect, test } from "vitest";
import { Model, type StepTrace } from "wick";
import { eventually } from "./chunks.ts";
import { describeAgents } from "./agents.ts";
import { describeLaws } from "./laws.ts";
import { describeRequestOptions } from "./request-options.ts";
import { describeSpeculation } from "./speculation.ts";
import { describeSplitting } from "./splitting.ts";
import { describeStructured } from "./structured.ts";
import { describeWriting } from "./writing.ts";

const subject = {
  name: "native",
  load: () => Model.load(demoModel()),
  request: {
    messages: [{ role: "user" as const, content: "Write a short story about Mia the fox." }],
    maxTokens: 40,
    // Sampled without a seed, an answer is now and then shorter than what the laws are tried on.
    randomSeed: 7,
  },
};

describeLaws(subject);
describeWriting(subject);
describeRequestOptions({ name: "native", load: (options) => Model.load(demoModel(), options) });
describeSpeculation({
  name: "native",
  load: (options) => Model.load(demoModel(), options),
  draftModel: () => demoModel(),
});
describeAgents(subject);
describeStructured(subject);
describeSplitting({ name: "native", load: (options) => Model.load(demoModel(), options) });

test("a long text holds up no one else", async () => {
  await using model = await Model.load(demoModel());
  const ended: string[] = [];
  const note = (name: string) => () => ended.push(name);
  const long = "The quick brown fox jumps over the lazy dog. ".repeat(60_000);
  await Promise.all([
    model.tokenize(long).then(note("long")),
    model.tokenize("a short text").then(note("short")),
    model.chat.complete({ ...subject.request, maxTokens: 4 }).then(note("chat")),
  ]);
  expect(ended.at(-1)).toBe("long");
});

test("the engine's steps can be traced", async () => {
  await using model = await Model.load(demoModel());
  const { usage } = await model.chat.complete(subject.request);
  const steps: StepTrace[] = [];
  // The last step ends a moment after its reader has the answer.
  await eventually(() => {
    steps.push(...model.trace());
    return steps.reduce((sum, { sampled }) => sum + sampled, 0) === usage?.completionTokens;
  });
  expect(steps.reduce((sum, { promptRows }) => sum + promptRows, 0)).toBe(usage?.promptTokens);
  expect(steps.every(({ forwardMs, sampleMs, textMs }) => forwardMs > 0 && sampleMs >= 0 && textMs > 0)).toBe(true);
  expect(steps.map(({ step }) => step)).toEqual(steps.map((_, index) => index + 1));
  expect(model.trace()).toEqual([]);
});
