import { scriptedModel } from "wick/testing";
import { describeLaws } from "../../../test/conformance/laws.ts";

const text = "The sky is blue because air scatters short waves more than long ones.";
const promptProgress = [
  { processed: 0, total: 8, cached: 0, queuePosition: 1 },
  { processed: 8, total: 8, cached: 0 },
];

for (const delayMs of [undefined, 0, 1]) {
  describeLaws({
    name: `a scripted model, chunks ${delayMs === undefined ? "ready" : `${delayMs} ms apart`}`,
    load: async () => scriptedModel({ replies: [{ text, delayMs, promptProgress }] }),
    request: { messages: [{ role: "user", content: "Why is the sky blue?" }] },
  });
}
