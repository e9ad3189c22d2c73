// oxlint-disable vitest/no-conditional-expect -- a narrowed union needs an `if`, and each is preceded by what it must be.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, type ChatResponse, type Model, WickError, isTerminal, readResponses } from "wick";
import { collect, doneOf, eventually, terminalOf, textOf } from "./chunks.ts";

/**
 * What a transport cannot carry: `logits`, which are the engine's own; `parking`, since networks hold some bytes of their own; and in
 * OpenAI's wire form `tokens`, `promptProgress`, `stopReason` and `ownSampling`, which is every way to sample that OpenAI has not.
 */
export type Lack = "logits" | "parking" | "tokens" | "promptProgress" | "stopReason" | "ownSampling";

/** A transport under test. */
export interface Subject {
  name: string;
  lacks?: readonly Lack[];
  /** Until nothing runs for the model; by its own figures where that is left out. */
  idle?(): Promise<void>;
  /** A model whose answer to `request` has at least 8 chunks. */
  load(): Promise<Model>;
  request: ChatRequest;
}

/** The laws of a stream, as every transport must keep them. */
export function describeLaws({ name, load, request, lacks = [], idle: idleElsewhere }: Subject): void {
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
        const terminal = terminalOf(responses);
        expect(terminal.kind).toBe("completion_done");
        if (terminal.kind === "completion_done") expect(terminal.completion.choices[0].text).toBe(textOf(responses));
      });

      test("of a middle to fill in", async () => {
        expect(model.info.capabilities.fim).toBe(true);
        const hole = { prompt: "Mia went", suffix: " and was happy.", maxTokens: 12, temperature: 0 };
        const responses = await collect(model.fim.stream(hole));
        expect(responses.findIndex((response) => isTerminal(response))).toBe(responses.length - 1);
        const terminal = terminalOf(responses);
        expect(terminal.kind).toBe("completion_done");
        if (terminal.kind === "completion_done") expect(terminal.completion.choices[0].text).toBe(textOf(responses));
        expect((await model.fim.complete(hole)).choices[0].text).toBe(textOf(responses));
      });

      test("and the reader stays done", async () => {
        const reader = model.chat.stream(request)[Symbol.asyncIterator]();
        while ((await reader.next()).done !== true);
        expect(await reader.next()).toEqual({ done: true, value: undefined });
      });

      test("a second pull before the first is answered is busy, and takes nothing away", async () => {
        const seeded = { ...request, randomSeed: 11 };
        const expected = (await model.chat.complete(seeded)).choices;
        const reader = model.chat.stream(seeded)[Symbol.asyncIterator]();
        const responses: ChatResponse[] = [];
        const keep = ({ value }: IteratorResult<ChatResponse, void>) => value !== undefined && responses.push(value);
        while (responses.at(-1)?.kind !== "done") {
          const [first, second] = await Promise.allSettled([reader.next(), reader.next()]);
          if (first.status === "rejected") throw first.reason;
          keep(first.value);
          // What is there already answers at once.
          if (second.status === "fulfilled") keep(second.value);
          else expect(second.reason).toMatchObject({ code: "busy", info: { retryable: true } });
        }
        expect(textOf(responses)).toBe(expected[0].message.content);
      });

      testUnless(lacks, "promptProgress", "prompt_progress comes first, and only when asked for", async () => {
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
          const chunks = responses.flatMap((r) =>
            r.kind === "chunk" ? r.choices.filter((c) => c.index === index) : [],
          );
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
      const idle = async () => {
        await eventually(() => model.stats().running + model.stats().queued + model.stats().parked === 0);
        await idleElsewhere?.();
      };

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
        const error = await model.chat
          .complete(request, { signal: AbortSignal.abort(reason) })
          .catch((caught) => caught);
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
        expect((await reader?.read())?.done).toBe(false);
        await reader?.cancel();
        await idle();
      });
    });

    describe("7: usage", () => {
      testUnless(lacks, "tokens", "counts the prompt as countTokens does", async () => {
        const { usage } = await model.chat.complete(request);
        expect(usage?.promptTokens).toBe(await model.countTokens({ messages: request.messages }));
      });

      test("adds up", async () => {
        const { usage } = await model.chat.complete(request);
        expect(usage?.completionTokens).toBeGreaterThan(7);
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

/** A case that a transport which lacks something has not. */
export function testUnless(lacks: readonly Lack[], lack: Lack, name: string, act: () => Promise<void>): void {
  // oxlint-disable-next-line vitest/expect-expect, vitest/no-conditional-tests, vitest/valid-title -- all are its caller's.
  if (!lacks.includes(lack)) test(name, act);
}

async function collectText(pieces: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
