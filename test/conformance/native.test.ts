import { demoModel } from "@wick/demo-model";
import { Model } from "wick";
import { describeLaws } from "./laws.ts";
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
