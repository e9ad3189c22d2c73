// oxlint-disable vitest/no-conditional-expect -- a narrowed union needs an `if`.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatRequest, LoadOptions, Model, PromptProgressResponse } from "wick";
import { collect, eventually } from "./chunks.ts";

/** A transport whose model is the demo model. */
export interface DemoSubject {
  name: string;
  load(options?: LoadOptions): Promise<Model>;
}

const messages = [{ role: "user" as const, content: "What is the capital of France?" }];
const greedy = { messages, temperature: 0 };

/** What each field of a request does to the answer. */
export function describeRequestOptions({ name, load }: DemoSubject): void {
  describe(`options of a request: ${name}`, () => {
    let model: Model;
    beforeAll(async () => {
      model = await load();
    });
    afterAll(() => model.close());

    const answer = async (request: Partial<ChatRequest>) => {
      const { choices, usage } = await model.chat.complete({ ...greedy, ...request });
      return { choices, usage, text: choices[0].message.content };
    };

    test("n: choices that differ, the first as if it were alone", async () => {
      const request = { temperature: 1.2, randomSeed: 5, ignoreEos: true, maxTokens: 20 };
      const { choices, usage } = await answer({ ...request, n: 4 });
      expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
      expect(new Set(choices.map(({ message }) => message.content)).size).toBe(4);
      expect(choices[0]).toEqual((await answer(request)).choices[0]);
      expect(usage?.completionTokens).toBe(80);
    });

    test("logprobs: bytes that make the text, and the softmax of the model's own logits", async () => {
      const content = "Repeat: naïve 日本 👩‍👩‍👧";
      const request = { messages: [{ role: "user" as const, content }], logprobs: true, topLogprobs: 5 };
      const { choices, text } = await answer({ ...request, maxTokens: 24 });
      const tokens = choices[0].logprobs ?? [];
      const bytes = Uint8Array.from(tokens.flatMap((token) => token.bytes ?? []));
      expect(new TextDecoder().decode(bytes)).toBe(text);
      const prompt = await model.tokenize(await model.applyChatTemplate(request), { special: true });
      const said = tokens.map(({ id }) => id);
      const { logits } = await model.logits([...prompt, ...said.slice(0, -1)], { last: said.length });
      const width = logits.length / said.length;
      for (const [at, { id, logprob, token, top = [] }] of tokens.entries()) {
        const row = logits.subarray(at * width, (at + 1) * width);
        const peak = Math.max(...row);
        const normaliser = peak + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - peak), 0));
        expect(logprob).toBeCloseTo((row[id] ?? Number.NaN) - normaliser, 4);
        expect(top).toHaveLength(5);
        expect(top[0]).toMatchObject({ id, token, logprob });
        const likelihoods = top.map((other) => other.logprob);
        expect(likelihoods).toEqual(likelihoods.toSorted((a, b) => b - a));
        for (const other of top) expect(other.logprob).toBeCloseTo((row[other.id] ?? Number.NaN) - normaliser, 4);
      }
    });

    test("logitBias: forces a token, and forbids one", async () => {
      const [forced = -1] = await model.tokenize(" Paris");
      expect((await answer({ logitBias: { [forced]: 100 }, maxTokens: 3 })).text).toBe(
        (await model.detokenize([forced])).repeat(3),
      );
      const plain = (await answer({ logprobs: true })).choices[0].logprobs ?? [];
      const banned = plain.at(-2)?.id ?? -1;
      const without = (await answer({ logitBias: { [banned]: -100 }, logprobs: true })).choices[0].logprobs ?? [];
      expect(without.map(({ id }) => id)).not.toContain(banned);
      expect(without.slice(0, 2).map(({ id }) => id)).toEqual(plain.slice(0, 2).map(({ id }) => id));
    });

    test.each<[string, Partial<ChatRequest>]>([
      ["frequencyPenalty", { frequencyPenalty: 2 }],
      ["presencePenalty", { presencePenalty: 2 }],
      ["repetitionPenalty", { repetitionPenalty: 1.5 }],
      ["dry", { dry: { multiplier: 4, allowedLength: 1, sequenceBreakers: [] } }],
    ])("%s: the same is said less often", async (_, penalty) => {
      const [again = -1] = await model.tokenize(" Paris");
      const repeats = async (request: Partial<ChatRequest>) => {
        // A token that would always come next but for the penalty.
        const { choices } = await answer({ ...request, logitBias: { [again]: 14 }, maxTokens: 40, logprobs: true });
        return choices[0].logprobs?.filter(({ id }) => id === again).length ?? Number.NaN;
      };
      const free = await repeats({ ignoreEos: true });
      expect(free).toBeGreaterThan(30);
      expect(await repeats({ ignoreEos: true, ...penalty })).toBeLessThan(free);
    });

    test("stop: sixteen strings, the first that comes ends it", async () => {
      const { text } = await answer({});
      const never = Array.from({ length: 14 }, (_, at) => `never ${at}`);
      const { choices } = await answer({ stop: [...never, "Paris", "France"] });
      expect(choices[0].message.content).toBe(text.slice(0, text.indexOf("France")));
      expect(choices[0]).toMatchObject({ finishReason: "stop", stopReason: { kind: "stop_string", text: "France" } });
    });

    test("prefix: the answer goes on from it, as the raw prompt does", async () => {
      const begun = [...messages, { role: "assistant" as const, content: "The capital of Italy is", prefix: true }];
      const { text } = await answer({ messages: begun });
      expect(text).toBe(" Rome.");
      const prompt = await model.tokenize(await model.applyChatTemplate({ messages: begun }), { special: true });
      const raw = await model.completions.complete({ prompt, temperature: 0 });
      expect(raw.choices[0].text).toBe(text);
    });

    test("prompt and echo: ids say what their text says", async () => {
      const text = "Once upon a time";
      const options = { temperature: 0, maxTokens: 12 };
      const [said] = (await model.completions.complete({ prompt: text, ...options })).choices;
      const prompt = await model.tokenize(text);
      expect((await model.completions.complete({ prompt, ...options })).choices[0]).toEqual(said);
      const echoed = await model.completions.complete({ prompt, ...options, echo: true });
      expect(echoed.choices[0].text).toBe(text + said.text);
    });

    test("minTokens and ignoreEos: no end before, no end at all", async () => {
      const { usage, choices } = await answer({});
      const short = usage?.completionTokens ?? Number.NaN;
      expect(choices[0]).toMatchObject({ finishReason: "stop", stopReason: { kind: "eos" } });
      const longer = await answer({ minTokens: short + 10 });
      expect(longer.usage?.completionTokens).toBeGreaterThanOrEqual(short + 10);
      expect(longer.choices[0].stopReason).toEqual({ kind: "eos" });
      const endless = await answer({ ignoreEos: true, maxTokens: short + 30 });
      expect(endless.usage?.completionTokens).toBe(short + 30);
      expect(endless.choices[0].finishReason).toBe("length");
    });

    test("usage: reasoning and what was cached; timings: where the time went", async () => {
      const reasoned = await answer({ reasoning: { effort: "high" } });
      expect(reasoned.usage?.reasoningTokens).toBeGreaterThan(3);
      expect(reasoned.usage?.reasoningTokens).toBeLessThan(reasoned.usage?.completionTokens ?? 0);
      const fresh = await load();
      const long = [{ role: "user" as const, content: "Tell me of Mia the fox. ".repeat(40) }];
      const first = await fresh.chat.complete({ messages: long, maxTokens: 8, ignoreEos: true });
      const second = await fresh.chat.complete({ messages: long, maxTokens: 8, ignoreEos: true });
      expect(first.usage?.cachedTokens).toBe(0);
      // All but the last block, of at most 64 tokens.
      expect(second.usage?.cachedTokens).toBeGreaterThan((first.usage?.promptTokens ?? Number.NaN) - 64);
      const {
        queuedMs = -1,
        promptMs = -1,
        firstTokenMs = -1,
        decodeMs = -1,
        tokensPerSecond = -1,
      } = second.timings ?? {};
      expect(Math.min(queuedMs, promptMs, decodeMs)).toBeGreaterThanOrEqual(0);
      // Coarse clocks, as of browsers, make both sides equal but for the last bit of the sum.
      expect(firstTokenMs).toBeGreaterThan(queuedMs + promptMs - 0.001);
      expect(tokensPerSecond).toBeCloseTo(7000 / decodeMs, 3);
      await fresh.close();
    });

    test("priority: the most urgent of those who wait comes first", async () => {
      // A reader that lags behind is to keep its slot.
      const one = await load({ maxSequences: 1, readAhead: 2048 });
      const abort = new AbortController();
      const running = collect(one.chat.stream({ messages, ignoreEos: true }, { signal: abort.signal }));
      await eventually(() => one.stats().running === 1);
      const waiting = await Promise.all(
        [0, 5, -5, 5].map(async (priority) => {
          // Longer than they come apart: each waits from its own beginning.
          const length = { maxTokens: 250, ignoreEos: true };
          const stream = one.chat.stream({ ...greedy, ...length, priority, promptProgress: true });
          const reader = stream[Symbol.asyncIterator]();
          // Its place: it is in the queue, and not on its way there.
          expect((await reader.next()).value).toMatchObject({ kind: "prompt_progress", processed: 0 });
          return async () => {
            while ((await reader.next()).done !== true);
            return (await stream.final()).timings?.queuedMs ?? Number.NaN;
          };
        }),
      );
      abort.abort();
      await running;
      // By when each began: whose end is read first is up to the readers.
      const queuedMs = await Promise.all(waiting.map((goOn) => goOn()));
      const began = [0, 1, 2, 3].toSorted((a, b) => (queuedMs[a] ?? Number.NaN) - (queuedMs[b] ?? Number.NaN));
      expect(began).toEqual([1, 3, 0, 2]);
      await one.close();
    });

    test("promptProgress: its place in the queue, then how far the prompt is", async () => {
      const one = await load({ maxSequences: 1, prefillChunk: 32, readAhead: 2048 });
      const abort = new AbortController();
      const running = collect(one.chat.stream({ messages, ignoreEos: true }, { signal: abort.signal }));
      await eventually(() => one.stats().running === 1);
      const before = collect(one.chat.stream({ messages, ignoreEos: true }, { signal: abort.signal }));
      await eventually(() => one.stats().queued === 1);
      const progress: PromptProgressResponse[] = [];
      const content = "Tell me of Mia the fox. ".repeat(20);
      const stream = one.chat.stream({ messages: [{ role: "user", content }], maxTokens: 2, promptProgress: true });
      for await (const response of stream) {
        if (response.kind !== "prompt_progress") continue;
        progress.push(response);
        if (response.queuePosition === 1) abort.abort();
      }
      await Promise.all([running, before]);
      const total = progress[0]?.total ?? Number.NaN;
      expect(progress[0]).toEqual({ kind: "prompt_progress", processed: 0, total, cached: 0, queuePosition: 1 });
      const processed = progress.filter(({ queuePosition }) => queuePosition === undefined);
      expect(processed.at(-1)).toEqual({ kind: "prompt_progress", processed: total, total, cached: 0 });
      // Unread figures give way to later ones, so that some chunks may be missing, and none goes back.
      const figures = processed.map((figure) => figure.processed);
      expect(figures).toEqual(figures.toSorted((a, b) => a - b));
      await one.close();
    });
  });
}
