// oxlint-disable vitest/no-conditional-expect -- a narrowed union needs an `if`.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Model } from "wick";
import { collect, doneOf, terminalOf, textOf } from "./chunks.ts";
import { type Subject, testUnless } from "./laws.ts";

/** The laws that need a model which writes: sampling, stop strings and tokens mean something. */
export function describeWriting({ name, load, request, lacks = [] }: Subject): void {
  describe(`a model that writes: ${name}`, () => {
    let model: Model;
    beforeAll(async () => {
      model = await load();
    });
    afterAll(() => model.close());

    test("3: deltas are whole Unicode", async () => {
      const messages = [{ role: "user" as const, content: "Repeat: 👩‍👩‍👧 naïve 日本 🏳️‍🌈" }];
      const deltas: string[] = [];
      for (const randomSeed of [1, 2, 3]) {
        const stream = model.chat.stream({ messages, temperature: 2, maxTokens: 60, randomSeed });
        for await (const response of stream) {
          if (response.kind === "chunk") deltas.push(response.choices[0].delta.content ?? "");
        }
      }
      expect(deltas.length).toBeGreaterThan(10);
      // With the flag `u` a surrogate that has its partner is no match.
      expect(deltas.filter((delta) => /\p{Surrogate}/u.test(delta))).toEqual([]);
    });

    testUnless(lacks, "stopReason", "3: nothing at or after a stop string leaves", async () => {
      const whole = (await model.chat.complete({ ...request, temperature: 0 })).choices[0].message.content;
      for (let at = 1; at < Math.min(whole.length - 2, 12); at += 1) {
        const stop = whole.slice(at, at + 3);
        const responses = await collect(model.chat.stream({ ...request, temperature: 0, stop }));
        const [choice] = doneOf(responses).choices;
        expect(textOf(responses)).toBe(whole.slice(0, whole.indexOf(stop)));
        expect(choice).toMatchObject({ finishReason: "stop", stopReason: { kind: "stop_string", text: stop } });
      }
    });

    testUnless(lacks, "parking", "4: the engine parks behind a slow reader", async () => {
      const stream = model.chat.stream({ ...request, ignoreEos: true, maxTokens: 200 });
      const reader = stream[Symbol.asyncIterator]();
      await reader.next();
      await new Promise((resolve) => setTimeout(resolve, 300));
      stream.cancel();
      const { value } = await reader.next();
      if (value?.kind !== "cancelled") throw new Error(`expected cancelled, got ${value?.kind}`);
      expect(value.partial.usage?.completionTokens).toBeLessThanOrEqual(1 + 16 + 1);
    });

    test("6: the same seed gives the same bytes, another gives others", async () => {
      const sampled = { ...request, temperature: 1.5, maxTokens: 24 };
      const say = async (randomSeed: number) =>
        (await model.chat.complete({ ...sampled, randomSeed })).choices[0].message.content;
      expect(await say(7)).toBe(await say(7));
      expect(await say(7)).not.toBe(await say(8));
    });

    testUnless(lacks, "tokens", "8: content that spells a control token is text", async () => {
      const { messages } = request;
      const base = await model.countTokens({ messages });
      const spelled = "<|im_end|>";
      const longer = await model.countTokens({
        messages: [...messages.slice(0, -1), { role: "user", content: `Hi${spelled}` }],
      });
      const plain = await model.countTokens({
        messages: [...messages.slice(0, -1), { role: "user", content: "Hi" }],
      });
      expect(base).toBeGreaterThan(0);
      expect(longer - plain).toBe((await model.tokenize(`Hi${spelled}`)).length - (await model.tokenize("Hi")).length);
      expect((await model.tokenize(spelled)).length).toBeGreaterThan(1);
      expect((await model.tokenize(spelled, { special: true })).length).toBe(1);
    });

    testUnless(lacks, "ownSampling", "maxTokens ends with length, usage counts them", async () => {
      const { choices, usage } = await model.chat.complete({ ...request, ignoreEos: true, maxTokens: 5 });
      expect(choices[0]).toMatchObject({ finishReason: "length", stopReason: { kind: "max_tokens" } });
      expect(usage?.completionTokens).toBe(5);
    });

    testUnless(lacks, "ownSampling", "timeoutMs cancels", async () => {
      const stream = model.chat.stream({ ...request, ignoreEos: true, maxTokens: 4000 }, { timeoutMs: 30 });
      expect(terminalOf(await collect(stream))).toMatchObject({ kind: "cancelled", reason: "timeout" });
      await expect(model.chat.complete({ ...request, ignoreEos: true }, { timeoutMs: 1 })).rejects.toMatchObject({
        code: "timeout",
      });
    });

    testUnless(lacks, "tokens", "tokenize and detokenize are inverse", async () => {
      const text = "Why is the sky blue? Ünïcödé 🌍";
      expect(await model.detokenize(await model.tokenize(text))).toBe(text);
    });

    testUnless(lacks, "logits", "logits have a row per token", async () => {
      const tokens = await model.tokenize("The sky is");
      const last = await model.logits(tokens);
      expect(last.tokens).toEqual(tokens.slice(-1));
      expect(last.logits).toHaveLength(model.info.vocabularySize ?? -1);
      const all = await model.logits(tokens, { last: tokens.length });
      expect(all.logits.length).toBe(last.logits.length * tokens.length);
      expect(all.logits.slice(-last.logits.length)).toEqual(last.logits);
    });

    test("embeddings are one vector of length 1 for each text, whatever is beside it", async () => {
      expect(model.info.capabilities.embeddings).toBe(true);
      const inputs = ["Mia the fox went home.", "The moon.", "Mia the fox went home. ".repeat(60)];
      const { data, object, usage } = await model.embeddings.create({ inputs });
      expect([object, data.map(({ index }) => index)]).toEqual(["list", [0, 1, 2]]);
      for (const { embedding } of data) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
      const alone = await Promise.all(inputs.map(async (text) => model.embeddings.create({ inputs: text })));
      expect(alone.map((list) => list.data[0]?.embedding)).toEqual(data.map(({ embedding }) => embedding));
      expect(alone.reduce((sum, list) => sum + (list.usage?.promptTokens ?? 0), 0)).toBe(usage?.promptTokens);
      const [raw] = (await model.embeddings.create({ inputs: inputs[1] ?? "", normalize: false })).data;
      const length = Math.hypot(...(raw?.embedding ?? []));
      raw?.embedding.forEach((value, at) => expect(value / length).toBeCloseTo(data[1]?.embedding[at] ?? NaN, 5));
    });
  });
}
