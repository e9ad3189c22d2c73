import { describe, expect, test } from "vitest";
import type { ConnectOptions, Model } from "wick";
import { describeAgents } from "../agents.ts";
import { type Lack, describeLaws } from "../laws.ts";
import { describeStructured } from "../structured.ts";
import { transcriptsOf } from "../transcripts.ts";
import { describeWriting } from "../writing.ts";

/** A host of `wick/remote` under test. */
export interface RemoteSubject {
  name: string;
  connect(options: ConnectOptions): Model;
  /** Of the engine's server. */
  url(): string;
  /** What the native engine says behind it. */
  words(): Promise<string[]>;
}

const request = {
  messages: [{ role: "user" as const, content: "Write a short story about Mia the fox." }],
  maxTokens: 40,
  // Sampled without a seed, an answer is now and then shorter than what the laws are tried on.
  randomSeed: 7,
};

/** What each wire form cannot carry. */
const forms: Readonly<Record<"wick" | "openai", readonly Lack[]>> = {
  wick: ["logits", "parking"],
  openai: ["logits", "parking", "tokens", "promptProgress", "stopReason", "ownSampling"],
};

/** All that must hold of a remote model, over both wire forms. */
export function describeRemote({ name, connect, url, words }: RemoteSubject): void {
  for (const [provider, lacks] of Object.entries(forms) as ["wick" | "openai", readonly Lack[]][]) {
    // With a key, for which a page needs the leave of its host.
    const load = async () => connect({ provider, model: "wick-demo", baseURL: url(), apiKey: "key" });
    const idle = async () => {
      await (await fetch(`${url()}/idle`)).text();
    };
    const subject = { name: `${name}, ${provider}`, load, request, lacks, idle };
    describeLaws(subject);
    describeWriting(subject);
    describeAgents(subject);
    describeStructured({
      name: subject.name,
      load,
      ...(provider === "openai" && { lacks: ["regex", "lark", "choice"], refusal: "invalid_request" }),
    });
  }

  describe(`what is said: ${name}`, () => {
    test("wick: each response byte by byte as the engine behind it says it", async () => {
      await using model = connect({ provider: "wick", model: "wick-demo", baseURL: url() });
      // Who comes second finds the prompts in memory.
      const cold = (transcripts: string[]) => transcripts.map((text) => text.replaceAll(/"cachedTokens":\d+/g, ""));
      expect(cold(await transcriptsOf(model))).toEqual(cold(await words()));
    });

    test("openai: the same text, greedily", async () => {
      const [wick, openai] = (["wick", "openai"] as const).map((provider) =>
        connect({ provider, model: "wick-demo", baseURL: url() }),
      );
      const say = async (model: Model | undefined) =>
        (await model?.chat.complete({ ...request, temperature: 0 }))?.choices[0].message;
      expect(await say(openai)).toEqual(await say(wick));
      expect((await say(wick))?.content.length).toBeGreaterThan(20);
    });
  });
}
