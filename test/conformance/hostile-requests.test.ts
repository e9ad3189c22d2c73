// Requests of people who try things, each beside a neighbour's stream on the same model whose bytes must not change.

import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, Model } from "wick";
import { collect, eventually, terminalOf } from "./chunks.ts";

const neighbours: ChatRequest = {
  messages: [{ role: "user", content: "Tell me a story." }],
  temperature: 1,
  randomSeed: 4,
  maxTokens: 80,
  ignoreEos: true,
};
const messages = [{ role: "user" as const, content: "What is the capital of France?" }];

let model: Model;
let expected: string;

beforeAll(async () => {
  model = await Model.load(demoModel());
  expected = (await model.chat.complete(neighbours)).choices[0].message.content;
});
afterAll(() => model.close());

/** Runs `act` while the neighbour's stream is read; what that says is as ever. */
async function beside(of: Model, act: () => Promise<void>): Promise<void> {
  const reading = of.chat.stream(neighbours).final();
  await act();
  expect((await reading).choices[0].message.content).toBe(expected);
}

const ends = async (request: object, of = model) => {
  const responses = await collect(of.chat.stream({ messages, maxTokens: 4, ...request }));
  return { responses, terminal: terminalOf(responses) };
};

describe("values that cannot be", () => {
  const many = Object.fromEntries(Array.from({ length: 1025 }, (_, token) => [token, 1]));
  test.each<[string, object]>([
    ["temperature", { temperature: -1 }],
    ["temperature", { temperature: Number.NaN }],
    ["temperature", { temperature: Infinity }],
    ["temperature", { temperature: 1e308 }],
    ["topP", { topP: 0 }],
    ["topP", { topP: 1.1 }],
    ["topK", { topK: -1 }],
    ["topK", { topK: 2 ** 53 }],
    ["minP", { minP: 1.5 }],
    ["frequencyPenalty", { frequencyPenalty: 2.1 }],
    ["presencePenalty", { presencePenalty: -2.1 }],
    ["repetitionPenalty", { repetitionPenalty: 0 }],
    ["maxTokens", { maxTokens: 0 }],
    ["maxTokens", { maxTokens: -1 }],
    ["maxTokens", { maxTokens: 1.5 }],
    ["n", { n: 0 }],
    ["n", { n: 1e9 }],
    ["bestOf", { bestOf: 2 }],
    ["randomSeed", { randomSeed: -1 }],
    ["randomSeed", { randomSeed: 1.5 }],
    ["randomSeed", { randomSeed: 2 ** 64 }],
    ["randomSeed", { randomSeed: "x" }],
    ["stop", { stop: Array.from({ length: 17 }, String) }],
    ["stop", { stop: "" }],
    ["stop", { stop: "x".repeat(257) }],
    ["stop", { stop: "\ud83d" }],
    ["logitBias", { logitBias: { abc: 1 } }],
    ["logitBias", { logitBias: { 4096: 1 } }],
    ["logitBias", { logitBias: { 5: 101 } }],
    ["logitBias", { logitBias: many }],
    ["timeoutMs", { timeoutMs: -1 }],
    ["priority", { priority: 1000 }],
  ])("%s: %j", async (where, request) => {
    await beside(model, async () => {
      const { responses, terminal } = await ends(request);
      expect(responses).toHaveLength(1);
      const error = { code: "invalid_request", where: expect.stringMatching(new RegExp(`^${where}`)) };
      expect(terminal).toMatchObject({ kind: "validation_error", error });
    });
  });

  test("more choices than sequences", async () => {
    await beside(model, async () => {
      const { terminal } = await ends({ n: 9 });
      expect(terminal).toMatchObject({ kind: "validation_error", error: { where: "n" } });
    });
  });

  test.each([[[-1]], [[1.5]], [[2 ** 53]], [[1_000_000]]])("tokens %j", async (prompt) => {
    await beside(model, async () => {
      const responses = await collect(model.completions.stream({ prompt }));
      expect(responses).toMatchObject([{ kind: "validation_error", error: { code: "invalid_request" } }]);
    });
  });
});

describe("values at the edge", () => {
  test("a temperature of almost nothing is greedy", async () => {
    const cold = await ends({ temperature: 1e-8, maxTokens: 12 });
    const greedy = await ends({ temperature: 0, maxTokens: 12 });
    const text = ({ terminal }: typeof cold) =>
      terminal.kind === "done" ? terminal.completion.choices[0].message : terminal;
    expect(text(cold)).toEqual(text(greedy));
  });

  test("a seed of nothing, a limit beyond the context", async () => {
    const short = await Model.load(demoModel(), { contextLength: 160 });
    await beside(short, async () => {
      expect((await ends({ randomSeed: 0 }, short)).terminal.kind).toBe("done");
      const endless = (await ends({ maxTokens: 1e12, ignoreEos: true }, short)).terminal;
      const choice = { finishReason: "length", stopReason: { kind: "context" } };
      expect(endless).toMatchObject({ kind: "done", completion: { choices: [choice] } });
    });
    await short.close();
  });

  test("all tokens banned is an error and no hang", async () => {
    await beside(model, async () => {
      const terminals = [];
      for (const start of [0, 1024, 2048, 3072]) {
        const logitBias = Object.fromEntries(Array.from({ length: 1024 }, (_, at) => [start + at, -100]));
        terminals.push((await ends({ logitBias })).terminal.kind);
      }
      expect(terminals).toEqual(["done", "done", "done", "done"]); // 1,024 of 4,096 each
    });
  });

  test("overlapping stop strings", async () => {
    const whole = await ends({ temperature: 0, maxTokens: 20 });
    const text = whole.terminal.kind === "done" ? whole.terminal.completion.choices[0].message.content : "";
    const cut = await ends({ temperature: 0, maxTokens: 20, stop: ["capital of", "capital", "of France"] });
    expect(cut.terminal).toMatchObject({
      completion: { choices: [{ message: { content: text.slice(0, text.indexOf("capital")) }, finishReason: "stop" }] },
    });
  });
});

describe("prompts of any length", () => {
  const context = () => model.info.contextLength ?? 0;
  const complete = (length: number) =>
    collect(
      model.completions.stream({
        prompt: Array.from({ length }, (_, at) => 100 + (at % 3000)),
        maxTokens: 2,
        ignoreEos: true,
      }),
    );

  test("none", async () => {
    await beside(model, async () => {
      const [only] = await collect(model.completions.stream({ prompt: [] }));
      expect(only).toMatchObject({ kind: "validation_error", error: { code: "invalid_request" } });
    });
  });

  test("one less than the context", async () => {
    await beside(model, async () => {
      const terminal = terminalOf(await complete(context() - 1));
      expect(terminal).toMatchObject({
        kind: "completion_done",
        completion: { choices: [{ finishReason: "length" }] },
      });
    });
  });

  test.each([0, 1, 100_000])("%i more than the context", async (more) => {
    await beside(model, async () => {
      const length = context() + more;
      const details = { prompt: length, max: context() };
      expect(await complete(length)).toMatchObject([
        { kind: "validation_error", error: { code: "context_overflow", details } },
      ]);
    });
  });

  test("ten million characters", async () => {
    await beside(model, async () => {
      const { responses } = await ends({ messages: [{ role: "user", content: "word ".repeat(2_000_000) }] });
      expect(responses).toMatchObject([{ kind: "validation_error", error: { code: "context_overflow" } }]);
    });
  });
});

describe("leaving", () => {
  const idle = (running: number) => eventually(() => model.stats().running + model.stats().queued <= running);

  test("before it begins, in the queue, and at the last token", async () => {
    await beside(model, async () => {
      const before = await collect(model.chat.stream({ messages }, { signal: AbortSignal.abort() }));
      expect(before).toMatchObject([{ kind: "cancelled", reason: "signal" }]);
      const queued = new AbortController();
      const streams = Array.from({ length: 20 }, () =>
        model.chat.stream({ messages, ignoreEos: true }, { signal: queued.signal }),
      );
      const all = streams.map((stream) => collect(stream));
      queued.abort();
      for (const responses of await Promise.all(all)) expect(terminalOf(responses).kind).toBe("cancelled");
      for (let round = 0; round < 20; round += 1) {
        const last = new AbortController();
        const responses = [];
        for await (const response of model.chat.stream({ messages, maxTokens: 3 }, { signal: last.signal })) {
          responses.push(response);
          if (response.kind === "chunk" && response.choices[0].finishReason !== null) setImmediate(() => last.abort());
        }
        const terminals = responses.filter(({ kind }) => kind === "done" || kind === "cancelled");
        expect(terminals).toHaveLength(1);
      }
      await idle(1);
    });
    await idle(0);
  });

  test.each([3_600_000, -3_600_000])("a wall clock that jumps by %i ms times nothing out", async (jump) => {
    const { now } = Date;
    try {
      await beside(model, async () => {
        const stream = model.chat.stream({ messages, ignoreEos: true, maxTokens: 100 }, { timeoutMs: 20_000 });
        // Begun by its first pull, from which its time counts.
        const reading = collect(stream);
        Date.now = () => now() + jump;
        const last = terminalOf(await reading);
        expect(last).toMatchObject({ kind: "done", completion: { usage: { completionTokens: 100 } } });
      });
    } finally {
      Date.now = now;
    }
  });

  test("unread, by return() and by throw(), with a second reader", async () => {
    await beside(model, async () => {
      model.chat.stream({ messages, ignoreEos: true });
      const stream = model.chat.stream({ messages, ignoreEos: true });
      const reader = stream[Symbol.asyncIterator]();
      await reader.next();
      expect(() => stream[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "stream_consumed" }));
      await reader.return?.();
      const thrown = model.chat.stream({ messages, ignoreEos: true })[Symbol.asyncIterator]();
      await thrown.next();
      await thrown.throw?.(new Error("mine")).catch(() => {});
      await idle(1);
    });
    await idle(0);
  });

  test("begun and forgotten: the collector cancels it", async () => {
    await beside(model, async () => {
      const begun = async () => {
        await model.chat.stream({ messages, ignoreEos: true })[Symbol.asyncIterator]().next();
      };
      await begun();
    });
    // Parked behind what nobody reads, it comes to no other end.
    await eventually(() => {
      globalThis.gc?.();
      return model.stats().running === 0;
    });
    expect(model.stats().kvBytesUsed).toBe(0);
  });

  test("closing with eight live streams, twice", async () => {
    const closed = await Model.load(demoModel());
    await beside(model, async () => {
      const readers = Array.from({ length: 8 }, () => collect(closed.chat.stream({ messages, ignoreEos: true })));
      await eventually(() => closed.stats().running === 8);
      await Promise.all([closed.close(), closed.close()]);
      for (const responses of await Promise.all(readers)) {
        expect(terminalOf(responses)).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
        expect(responses.filter(({ kind }) => kind !== "chunk")).toHaveLength(1);
      }
      expect(await collect(closed.chat.stream({ messages }))).toMatchObject([{ error: { code: "engine_closed" } }]);
    });
  });
});

describe("memory and models", () => {
  test("a queue that is full", async () => {
    const small = await Model.load(demoModel(), { maxSequences: 1, maxQueue: 2 });
    const abort = new AbortController();
    // All at once, and more than one and two: while they come, the engine may be ahead of its reader, who then leaves
    // the slot to the queue.
    const streams = Array.from({ length: 12 }, () =>
      collect(small.chat.stream({ messages, ignoreEos: true }, { signal: abort.signal })),
    );
    const queueFull = {
      kind: "validation_error",
      error: { code: "queue_full", retryable: true, details: { max: 2 } },
    };
    expect(await Promise.race(streams)).toMatchObject([queueFull]);
    abort.abort();
    const terminals = (await Promise.all(streams)).map(terminalOf);
    const refused = terminals.filter(({ kind }) => kind === "validation_error");
    for (const end of refused) expect(end).toMatchObject(queueFull);
    const cancelled = terminals.filter(({ kind }) => kind === "cancelled");
    expect(cancelled.length).toBeGreaterThanOrEqual(3);
    expect(refused.length + cancelled.length).toBe(terminals.length);
    await small.close();
  });

  test("too little for all at once: everyone comes to the same end", async () => {
    const little = await Model.load(demoModel(), { contextLength: 256, kvMemoryBytes: 1_200_000 });
    await beside(little, async () => {
      const one = { messages, temperature: 0, maxTokens: 60, ignoreEos: true };
      const alone = (await model.chat.complete(one)).choices;
      const all = await Promise.all(Array.from({ length: 12 }, () => little.chat.complete(one)));
      for (const { choices } of all) expect(choices).toEqual(alone);
    });
    await little.close();
  });

  test("loading and unloading beside a stream, the same file twice", async () => {
    await beside(model, async () => {
      for (let round = 0; round < 3; round += 1) {
        const [one, two] = await Promise.all([Model.load(demoModel()), Model.load(demoModel())]);
        const reading = collect(one.chat.stream({ messages, ignoreEos: true }));
        expect((await two.chat.complete({ ...neighbours })).choices[0].message.content).toBe(expected);
        await one.close();
        expect(terminalOf(await reading).kind).toBe("internal_error");
        await two.close();
      }
    });
  });
});
