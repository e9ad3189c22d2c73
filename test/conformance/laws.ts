import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, type Model, WickError, isTerminal, readResponses } from "wick";
import { collect, doneOf, eventually, terminalOf, textOf } from "./chunks.ts";

/** A transport under test. */
export interface Subject {
  name: string;
  /** A model whose answer to `request` has at least 8 chunks. */
  load(): Promise<Model>;
  request: ChatRequest;
  /** A model that writes: sampling, stop strings and tokens mean something. */
  isReal: boolean;
}

/** The laws of a stream, as every transport must keep them. */
export function describeLaws({ name, load, request, isReal }: Subject): void {
  describe(`laws of a stream: ${name}`, () => {
    let model: Model;
    beforeAll(async () => {
      model = await load();
    });
    afterAll(() => model.close());

    describe("1: one terminal, at the end", () => {
      test("of a chat", async () => {
        const responses = await collect(model.chat.stream(request));
        expect(responses.length).toBeGreaterThan(8);
        expect(responses.findIndex((response) => isTerminal(response))).toBe(responses.length - 1);
        expect(responses.slice(0, -1).every(({ kind }) => kind === "chunk")).toBe(true);
        expect(terminalOf(responses).kind).toBe("done");
      });

      test("of a raw completion", async () => {
        const responses = await collect(model.completions.stream({ prompt: "Once upon a time", maxTokens: 12 }));
        expect(responses.findIndex((response) => isTerminal(response))).toBe(responses.length - 1);
        expect(terminalOf(responses).kind).toBe("completion_done");
        const terminal = terminalOf(responses);
        if (terminal.kind === "completion_done") expect(terminal.completion.choices[0].text).toBe(textOf(responses));
      });

      test("and the reader stays done", async () => {
        const reader = model.chat.stream(request)[Symbol.asyncIterator]();
        while ((await reader.next()).done !== true);
        expect(await reader.next()).toEqual({ done: true, value: undefined });
      });

      test("prompt_progress comes first, and only when asked for", async () => {
        const responses = await collect(model.chat.stream({ ...request, promptProgress: true }));
        const firstChunk = responses.findIndex(({ kind }) => kind === "chunk");
        const lastProgress = responses.findLastIndex(({ kind }) => kind === "prompt_progress");
        expect(lastProgress).toBeLessThan(firstChunk);
      });
    });

    describe("2: the deltas are the message", () => {
      test.each([1, 2, 3])("of %i choices", async (n) => {
        const responses = await collect(model.chat.stream({ ...request, n }));
        const { choices } = doneOf(responses);
        expect(choices).toHaveLength(n);
        for (const { index, message, finishReason } of choices) {
          expect(message.content).toBe(textOf(responses, index));
          const chunks = responses.flatMap((r) => (r.kind === "chunk" ? r.choices.filter((c) => c.index === index) : []));
          expect(chunks[0]?.delta.role).toBe("assistant");
          expect(chunks.at(-1)?.finishReason).toBe(finishReason);
          expect(chunks.slice(0, -1).every((chunk) => chunk.finishReason === null)).toBe(true);
        }
      });

      test("and complete() says the same", async () => {
        const seeded = { ...request, temperature: 1, randomSeed: 11 };
        const streamed = doneOf(await collect(model.chat.stream(seeded)));
        const { choices, usage } = await model.chat.complete(seeded);
        expect(choices).toEqual(streamed.choices);
        expect({ ...usage, cachedTokens: 0 }).toEqual({ ...streamed.usage, cachedTokens: 0 });
      });

      test("what came out goes back in", async () => {
        const { choices } = await model.chat.complete(request);
        const messages = [...request.messages, choices[0].message, { role: "user" as const, content: "And then?" }];
        expect((await model.chat.complete({ ...request, messages })).object).toBe("chat.completion");
      });
    });

    describe("5: who leaves frees the sequence", () => {
      const idle = () => eventually(() => model.stats().running + model.stats().queued + model.stats().parked === 0);

      test.each([0, 1, 2, 5])("break after %i", async (count) => {
        const stream = model.chat.stream(request);
        let seen = 0;
        for await (const response of stream) {
          if (response.kind === "chunk" && seen === count) break;
          seen += 1;
        }
        await idle();
        await expect(stream.final()).rejects.toMatchObject({ code: "cancelled", name: "AbortError" });
      });

      test("a throw in the loop", async () => {
        const read = async () => {
          for await (const response of model.chat.stream(request)) throw new Error(response.kind);
        };
        await expect(read()).rejects.toThrow("chunk");
        await idle();
      });

      test("dispose", async () => {
        const stream = model.chat.stream(request);
        const reader = stream[Symbol.asyncIterator]();
        await reader.next();
        await stream[Symbol.asyncDispose]();
        await idle();
        expect((await reader.next()).done).toBe(true);
      });

      test.each([0, 1, 4])("cancel() after %i: the loop gets cancelled with what was delivered", async (count) => {
        const stream = model.chat.stream(request);
        const responses = [];
        if (count === 0) stream.cancel();
        for await (const response of stream) {
          responses.push(response);
          if (responses.length === count) stream.cancel();
        }
        expect(responses).toHaveLength(count + 1);
        const terminal = terminalOf(responses);
        expect(terminal).toMatchObject({ kind: "cancelled", reason: "cancel" });
        if (terminal.kind === "cancelled") {
          expect(terminal.partial.choices[0].message.content).toBe(textOf(responses));
          expect(terminal.partial.choices[0].finishReason).toBe("cancelled");
        }
        await idle();
      });

      test("an aborted signal starts nothing", async () => {
        const reason = new Error("enough");
        const responses = await collect(model.chat.stream(request, { signal: AbortSignal.abort(reason) }));
        expect(responses).toMatchObject([{ kind: "cancelled", reason: "signal" }]);
        const error = await model.chat.complete(request, { signal: AbortSignal.abort(reason) }).catch((caught) => caught);
        expect(error).toMatchObject({ code: "cancelled", name: "AbortError", partialText: "" });
        expect(error.cause).toBe(reason);
      });

      test("a signal on the way, and again after the end", async () => {
        const controller = new AbortController();
        const responses = [];
        for await (const response of model.chat.stream(request, { signal: controller.signal })) {
          responses.push(response);
          if (responses.length === 3) controller.abort(new Error("enough"));
        }
        expect(responses).toHaveLength(4);
        expect(terminalOf(responses)).toMatchObject({ kind: "cancelled", reason: "signal" });
        await idle();
        const done = new AbortController();
        const whole = await collect(model.chat.stream(request, { signal: done.signal }));
        done.abort();
        expect(terminalOf(whole).kind).toBe("done");
      });

      test("a client that goes away", async () => {
        const body = model.chat.stream(request).toResponse().body;
        const reader = body?.getReader();
        await reader?.read();
        await reader?.cancel();
        await idle();
      });
    });

    describe("7: usage", () => {
      test("counts the prompt as countTokens does", async () => {
        const { usage } = await model.chat.complete(request);
        expect(usage?.promptTokens).toBe(await model.countTokens({ messages: request.messages }));
        expect(usage?.totalTokens).toBe((usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0));
      });
    });

    describe("readers", () => {
      test("a second one is refused", async () => {
        const stream = model.chat.stream(request);
        stream[Symbol.asyncIterator]();
        expect(() => stream[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "stream_consumed" }));
        expect(() => stream.toReadableStream()).toThrow(expect.objectContaining({ code: "stream_consumed" }));
        await expect(collectText(stream.text())).rejects.toMatchObject({ code: "stream_consumed" });
        stream.cancel();
      });

      test("final() beside a loop takes nothing away", async () => {
        const stream = model.chat.stream(request);
        const responses = [];
        let whole: Promise<unknown> | undefined;
        for await (const response of stream) {
          responses.push(response);
          whole ??= stream.final();
        }
        const completion = doneOf(responses);
        expect(completion.choices[0].message.content).toBe(textOf(responses));
        expect(await whole).toBe(completion);
        expect(await stream.final()).toBe(completion);
      });

      test("text() is the content", async () => {
        const seeded = { ...request, randomSeed: 3 };
        const pieces = await collectText(model.chat.stream(seeded).text());
        expect(pieces.join("")).toBe((await model.chat.complete(seeded)).choices[0].message.content);
      });

      test("toServerSentEvents and readResponses are two ends of one stream", async () => {
        const seeded = { ...request, randomSeed: 5 };
        const here = await collect(model.chat.stream(seeded));
        const there = await collect(readResponses(model.chat.stream(seeded).toResponse()));
        expect(there.map(({ kind }) => kind)).toEqual(here.map(({ kind }) => kind));
        expect(doneOf(there).choices).toEqual(doneOf(here).choices);
      });

      test("await on a stream is harmless", async () => {
        const stream = await model.chat.stream(request);
        expect(terminalOf(await collect(stream)).kind).toBe("done");
      });
    });

    if (isReal) describe("of a model that writes", () => {
      test("3: deltas are whole Unicode", async () => {
        const messages = [{ role: "user" as const, content: "Repeat: 👩‍👩‍👧 naïve 日本 🏳️‍🌈" }];
        for (const randomSeed of [1, 2, 3]) {
          const stream = model.chat.stream({ messages, temperature: 2, maxTokens: 60, randomSeed });
          for await (const response of stream) {
            if (response.kind === "chunk") expect(response.choices[0].delta.content ?? "").not.toMatch(/\p{Surrogate}/u);
          }
        }
      });

      test("3: nothing at or after a stop string leaves", async () => {
        const whole = (await model.chat.complete({ ...request, temperature: 0 })).choices[0].message.content;
        for (let at = 1; at < Math.min(whole.length - 2, 12); at += 1) {
          const stop = whole.slice(at, at + 3);
          const responses = await collect(model.chat.stream({ ...request, temperature: 0, stop }));
          const [choice] = doneOf(responses).choices;
          expect(textOf(responses)).toBe(whole.slice(0, whole.indexOf(stop)));
          expect(choice).toMatchObject({ finishReason: "stop", stopReason: { kind: "stop_string", text: stop } });
        }
      });

      test("4: the engine parks behind a slow reader", async () => {
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
        const say = async (randomSeed: number) => (await model.chat.complete({ ...sampled, randomSeed })).choices[0].message.content;
        expect(await say(7)).toBe(await say(7));
        expect(await say(7)).not.toBe(await say(8));
      });

      test("8: content that spells a control token is text", async () => {
        const { messages } = request;
        const base = await model.countTokens({ messages });
        const spelled = "<|im_end|>";
        const longer = await model.countTokens({ messages: [...messages.slice(0, -1), { role: "user", content: `Hi${spelled}` }] });
        const plain = await model.countTokens({ messages: [...messages.slice(0, -1), { role: "user", content: "Hi" }] });
        expect(base).toBeGreaterThan(0);
        expect(longer - plain).toBe((await model.tokenize(`Hi${spelled}`)).length - (await model.tokenize("Hi")).length);
        expect((await model.tokenize(spelled)).length).toBeGreaterThan(1);
        expect((await model.tokenize(spelled, { special: true })).length).toBe(1);
      });

      test("maxTokens ends with length, usage counts them", async () => {
        const { choices, usage } = await model.chat.complete({ ...request, ignoreEos: true, maxTokens: 5 });
        expect(choices[0]).toMatchObject({ finishReason: "length", stopReason: { kind: "max_tokens" } });
        expect(usage?.completionTokens).toBe(5);
      });

      test("timeoutMs cancels", async () => {
        const stream = model.chat.stream({ ...request, ignoreEos: true, maxTokens: 4000 }, { timeoutMs: 30 });
        expect(terminalOf(await collect(stream))).toMatchObject({ kind: "cancelled", reason: "timeout" });
        await expect(model.chat.complete({ ...request, ignoreEos: true }, { timeoutMs: 1 })).rejects.toMatchObject({ code: "timeout" });
      });

      test("tokenize and detokenize are inverse", async () => {
        const text = "Why is the sky blue? Ünïcödé 🌍";
        expect(await model.detokenize(await model.tokenize(text))).toBe(text);
      });

      test("logits have a row per token", async () => {
        const tokens = await model.tokenize("The sky is");
        const last = await model.logits(tokens);
        expect(last.tokens).toEqual(tokens.slice(-1));
        expect(last.logits).toHaveLength(model.info.vocabularySize ?? -1);
        const all = await model.logits(tokens, { last: tokens.length });
        expect(all.logits.length).toBe(last.logits.length * tokens.length);
        expect(all.logits.slice(-last.logits.length)).toEqual(last.logits);
      });
    });

    test("errors of a request are a validation_error with its path, and a WickError", async () => {
      const bad = { ...request, maxTokens: Number.NaN };
      expect(await collect(model.chat.stream(bad))).toMatchObject([
        { kind: "validation_error", error: { code: "invalid_request", where: "maxTokens" } },
      ]);
      const error = await model.chat.complete(bad).catch((caught) => caught);
      expect(WickError.isInstance(error) && error.info.where).toBe("maxTokens");
    });
  });
}

async function collectText(pieces: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
