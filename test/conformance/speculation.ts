import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatRequest, LoadOptions, Model, ModelSource } from "wick";
import { collect, eventually, terminalOf, textOf } from "./chunks.ts";
import type { DemoSubject } from "./request-options.ts";

const user = (content: string) => [{ role: "user" as const, content }];
const words = "Repeat: ripen slips packages fresh helium elliptic radio nobody punishment";
const repeat: ChatRequest = { messages: user(words), temperature: 0, randomSeed: 1 };
const story: ChatRequest = { ...repeat, messages: user("Write a short story about Mia the fox."), maxTokens: 60 };

/** A transport whose model is the demo model, and where that comes from. */
export interface SpeculationSubject extends DemoSubject {
  draftModel(): ModelSource;
}

/** Everything that a draw, or an end, depends on. */
const requests: readonly ChatRequest[] = [
  repeat,
  { ...repeat, maxTokens: 9 },
  { ...repeat, stop: ["fresh he"], minTokens: 3 },
  { ...repeat, temperature: 0.7, n: 3, maxTokens: 40 },
  { ...repeat, logprobs: true, topLogprobs: 3 },
  { ...repeat, repetitionPenalty: 1.2, presencePenalty: 0.5, frequencyPenalty: 0.3, maxTokens: 40 },
  { ...repeat, logitBias: { 300: 5 }, dry: { multiplier: 1 }, temperature: 1.3, topP: 0.9, maxTokens: 40 },
  { ...story, temperature: 1 },
  { ...story, ignoreEos: true, maxTokens: 90 },
];

/** An answer says the same with and without speculation, in fewer steps. */
export function describeSpeculation({ name, load, draftModel }: SpeculationSubject): void {
  describe(`speculation: ${name}`, () => {
    let plain: Model;
    let drafting: Model;
    const options: LoadOptions = { contextLength: 256, speculation: { ngram: { minMatch: 1 } } };
    beforeAll(async () => {
      plain = await load({ contextLength: 256 });
      drafting = await load(options);
    });
    afterAll(async () => {
      await Promise.all([plain.close(), drafting.close()]);
    });

    const said = async (model: Model, request: ChatRequest) => {
      const { choices, usage } = await model.chat.complete(request);
      return { choices, completionTokens: usage?.completionTokens };
    };

    test("the same bytes, alone and beside others", async () => {
      const expected = [];
      for (const request of requests) expected.push(await said(plain, request));
      const alone = [];
      for (const request of requests) alone.push(await said(drafting, request));
      expect(alone).toEqual(expected);
      expect(await Promise.all(requests.map((request) => said(drafting, request)))).toEqual(expected);
    });

    test("drafts are accepted, and told", async () => {
      const { timings, usage } = await drafting.chat.complete(repeat);
      const { draftedTokens = 0, acceptedTokens = 0 } = timings ?? {};
      expect(acceptedTokens).toBeGreaterThan((usage?.completionTokens ?? 0) / 2);
      expect(draftedTokens).toBeGreaterThanOrEqual(acceptedTokens);
      expect((await plain.chat.complete(repeat)).timings).not.toHaveProperty("draftedTokens");
    });

    test("a draft model: the same bytes, in fewer steps", async () => {
      const draft = { speculation: { draft: draftModel(), maxTokens: 3 } };
      await using both = await load({ contextLength: 256, ...draft });
      const expected = [];
      for (const request of requests) expected.push(await said(plain, request));
      expect(await Promise.all(requests.map((request) => said(both, request)))).toEqual(expected);
      const { timings } = await both.chat.complete(story);
      expect(timings?.acceptedTokens).toBeGreaterThan(20);
      expect(timings?.acceptedTokens).toBe(timings?.draftedTokens);
    });

    test("a reader is never further behind than without, and gets whole deltas", async () => {
      await using slow = await load({ ...options, readAhead: 2 });
      const responses = await collect(slow.chat.stream(repeat));
      expect(textOf(responses)).toBe((await plain.chat.complete(repeat)).choices[0].message.content);
    });

    test("who leaves in the middle leaves nothing behind", async () => {
      for (let read = 1; read < 6; read += 1) {
        const stream = drafting.chat.stream(repeat);
        const responses = [];
        for await (const response of stream) {
          responses.push(response);
          if (responses.length === read) stream.cancel();
        }
        expect(terminalOf(responses).kind).toBe("cancelled");
        await eventually(() => drafting.stats().kvBytesUsed === 0);
      }
      expect(await said(drafting, repeat)).toEqual(await said(plain, repeat));
    });
  });
}
