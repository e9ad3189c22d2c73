// Decode speed of the demo model with and without prompt lookup, on prompts that repeat themselves and on some that do not.
import { demoModel } from "@wick/demo-model";
import { Model, type ChatRequest, type Message } from "wick";

const user = (content: string): Message => ({ role: "user", content });
const echoes = [
  "Repeat: ripen slips packages fresh helium elliptic radio nobody punishment",
  "Repeat: yellow market thunder pencil island forty bread castle engine lemon silent hammer",
  "Repeat: orange tiger window bottle seventeen planet river music ladder copper velvet garden silver",
  "Repeat: B24gPNXo k81LsQw9 Zz03 Ppq7 m4TT",
];
const codes = [
  "Show me TypeScript code that parses a number from text.",
  "In TypeScript, write a function that compute a power.",
  "Show me Python code that reverses a string.",
];
const texts = ["Write a short story about Mia the fox.", "How does a battery work, in short?"];

const plain = await Model.load(demoModel(), { backend: "cpu", threads: 1 });
const drafting = await Model.load(demoModel(), { backend: "cpu", threads: 1, speculation: "ngram" });

/** A conversation in which the code was shown before, as when it is looked at again or changed. */
async function shownBefore(content: string): Promise<readonly Message[]> {
  const { choices } = await plain.chat.complete({ messages: [user(content)], temperature: 0 });
  return [user(content), choices[0].message, user(content)];
}

const prompts: Readonly<Record<string, readonly (readonly Message[])[]>> = {
  "repeat after me": echoes.map((content) => [user(content)]),
  "code that was shown before": await Promise.all(codes.map(shownBefore)),
  "code that is new": codes.map((content) => [user(content)]),
  "text that does not repeat": texts.map((content) => [user(content)]),
};

const decode = async (model: Model, request: ChatRequest) => {
  const { choices, timings, usage } = await model.chat.complete(request);
  const { decodeMs = Number.NaN, draftedTokens = 0, acceptedTokens = 0 } = timings ?? {};
  const tokens = usage?.completionTokens ?? 0;
  return { said: JSON.stringify(choices), ms: decodeMs, tokens, draftedTokens, acceptedTokens };
};

const rounds = 15;
const measured = [];
for (const [prompt, conversations] of Object.entries(prompts)) {
  const figure = { prompt, without: 0, with: 0, same: true, tokens: 0, drafted: 0, accepted: 0 };
  for (const messages of conversations) {
    const request: ChatRequest = { messages, temperature: 0 };
    // The fastest of several, in turn: whatever else runs on the machine only ever takes time.
    let [without, with_] = [Infinity, Infinity];
    for (let round = 0; round < rounds; round += 1) {
      const [off, on] = [await decode(plain, request), await decode(drafting, request)];
      without = Math.min(without, off.ms);
      with_ = Math.min(with_, on.ms);
      figure.same &&= off.said === on.said;
      if (round > 0) continue;
      figure.tokens += on.tokens;
      figure.drafted += on.draftedTokens;
      figure.accepted += on.acceptedTokens;
    }
    figure.without += without;
    figure.with += with_;
  }
  measured.push(figure);
}
await Promise.all([plain.close(), drafting.close()]);
console.log(JSON.stringify(measured));
