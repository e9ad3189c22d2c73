import { describe, expect, test, vi } from "vitest";
import type { ChatResponse } from "../src/response/response.js";
import { scriptedModel, type ScriptedReply } from "../src/testing/index.js";
import { collect, textOf } from "../../../test/conformance/chunks.js";

const pieces = ["one ", "two ", "three ", "four ", "five"];
const messages = [{ role: "user" as const, content: "Count." }];
const modelOf = (reply: ScriptedReply) => scriptedModel({ replies: [reply] });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a stream starts at the first pull", () => {
  test("and not before", async () => {
    const model = modelOf({ text: pieces });
    const stream = model.chat.stream({ messages });
    stream.text();
    await pause(2);
    expect(model.calls).toHaveLength(0);
    await stream.final();
    expect(model.calls).toHaveLength(1);
  });

  test("of a middle too, and the engine sees both sides of the hole", async () => {
    const model = modelOf({ text: pieces });
    const { choices, usage } = await model.fim.complete({ prompt: "def f(", suffix: "return x", stop: undefined });
    expect(choices[0]?.text).toBe(pieces.join(""));
    expect(usage?.promptTokens).toBe(14);
    expect(model.calls).toEqual([{ kind: "fim", request: { prompt: "def f(", suffix: "return x" } }]);
  });

  test("also as a web stream", async () => {
    const model = modelOf({ text: pieces });
    const reader = model.chat.stream({ messages }).toReadableStream().getReader();
    await pause(2);
    expect(model.calls).toHaveLength(0);
    expect((await reader.read()).value?.kind).toBe("chunk");
  });

  test("with the request as it was when it was made", async () => {
    const model = modelOf({ text: pieces });
    const growing = [...messages];
    const stream = model.chat.stream({ messages: growing });
    growing.push({ role: "user", content: "Later." });
    await stream.final();
    expect(model.calls[0]?.request).toEqual({ messages });
  });

  test("cancelled before it, it asks no engine", async () => {
    const model = modelOf({ text: pieces });
    const stream = model.chat.stream({ messages, n: 2 });
    stream.cancel();
    stream.cancel();
    const responses = await collect(stream);
    expect(responses).toMatchObject([{ kind: "cancelled", reason: "cancel", partial: { model: "scripted" } }]);
    expect(responses[0]?.kind === "cancelled" && responses[0].partial.choices).toHaveLength(2);
    expect(model.calls).toHaveLength(0);
  });
});

describe("pulls", () => {
  test("one at a time: a second is busy, and nothing is lost", async () => {
    const reader = modelOf({ text: pieces, delayMs: 1 }).chat.stream({ messages })[Symbol.asyncIterator]();
    const responses: ChatResponse[] = [];
    while (responses.length < pieces.length) {
      const pull = reader.next();
      await expect(reader.next()).rejects.toMatchObject({ code: "busy", info: { retryable: true } });
      const { value } = await pull;
      if (value !== undefined) responses.push(value);
    }
    expect(textOf(responses)).toBe(pieces.join(""));
    expect((await reader.next()).value).toMatchObject({ kind: "done" });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test("one after the other, not awaited, where all is there", async () => {
    const reader = modelOf({ text: pieces }).chat.stream({ messages })[Symbol.asyncIterator]();
    const results = await Promise.all(Array.from({ length: 8 }, () => reader.next()));
    expect(results.map(({ done }) => done)).toEqual([false, false, false, false, false, false, true, true]);
  });

  test("return() beside a waiting pull ends both", async () => {
    const stream = modelOf({ text: pieces, delayMs: 5 }).chat.stream({ messages });
    const reader = stream[Symbol.asyncIterator]();
    const pull = reader.next();
    const left = reader.return?.();
    // Without a turn of the loop: whoever waits may have none.
    expect(await pull).toMatchObject({ done: false, value: { kind: "cancelled", reason: "cancel" } });
    expect(await left).toEqual({ done: true, value: undefined });
    expect((await reader.next()).done).toBe(true);
    await expect(stream.final()).rejects.toMatchObject({ code: "cancelled" });
  });

  test("throw() rejects with what it was given", async () => {
    const stream = modelOf({ text: pieces }).chat.stream({ messages });
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    await expect(reader.throw?.(new Error("mine"))).rejects.toThrow("mine");
    await expect(stream.final()).rejects.toMatchObject({ code: "cancelled", partialText: "one " });
  });

  test("`break` inside a switch leaves the switch alone", async () => {
    let seen = 0;
    for await (const response of modelOf({ text: pieces }).chat.stream({ messages })) {
      switch (response.kind) {
        case "chunk":
          seen += 1;
          break;
        default:
      }
    }
    expect(seen).toBe(5);
  });
});

describe("final()", () => {
  test("of an unread stream reads it, and is then its reader", async () => {
    const stream = modelOf({ text: pieces, delayMs: 1 }).chat.stream({ messages });
    const whole = stream.final();
    expect(() => stream[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "stream_consumed" }));
    expect((await whole).choices[0].message.content).toBe(pieces.join(""));
    expect(await stream.final()).toBe(await whole);
  });

  test("rejects with the partial answer", async () => {
    const end = { kind: "model_error" as const, after: 2, error: { code: "numeric_error" as const, message: "NaN" } };
    const stream = modelOf({ text: pieces, end }).chat.stream({ messages });
    const error = await stream.final().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "numeric_error", message: "NaN", name: "WickError", partialText: "one two " });
    expect(error).toHaveProperty("partial.choices[0].finishReason", "error");
  });

  test("asked for and left alone, it ends no process", async () => {
    const unhandled = vi.fn<() => void>();
    process.on("unhandledRejection", unhandled);
    const end = { kind: "internal_error" as const, after: 1, error: { code: "engine_failed" as const } };
    const stream = modelOf({ text: pieces, end }).chat.stream({ messages });
    for await (const response of stream) if (response.kind === "chunk") void stream.final();
    void modelOf({ text: pieces, end }).chat.stream({ messages }).final();
    await pause(5);
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("is told of a dispose", async () => {
    const stream = modelOf({ text: pieces, end: { kind: "hang", after: 2 } }).chat.stream({ messages });
    const whole = stream.final();
    await stream[Symbol.asyncDispose]();
    await expect(whole).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("text()", () => {
  test("throws where the stream ends without done", async () => {
    const end = { kind: "model_error" as const, after: 3, error: { code: "engine_failed" as const } };
    const seen: string[] = [];
    const read = async () => {
      for await (const piece of modelOf({ text: pieces, end }).chat.stream({ messages }).text()) seen.push(piece);
    };
    await expect(read()).rejects.toMatchObject({ code: "engine_failed", partialText: "one two three " });
    expect(seen).toEqual(pieces.slice(0, 3));
  });

  test("is choice 0's content alone", async () => {
    const reply = {
      reasoning: ["hm "],
      text: pieces,
      toolCalls: [{ id: "c", type: "function" as const, function: { name: "f", arguments: "{}" } }],
    };
    const stream = modelOf(reply).chat.stream({ messages, n: 3 });
    let text = "";
    for await (const piece of stream.text()) text += piece;
    expect(text).toBe(pieces.join(""));
    const completion = await stream.final();
    expect(completion.choices[2]).toMatchObject({
      message: {
        reasoningContent: "hm ",
        content: text,
        toolCalls: [{ id: "c", function: { name: "f", arguments: "{}" } }],
      },
      finishReason: "tool_calls",
    });
  });
});

describe("signals", () => {
  test.each([0, 1, 2, 3, 4, 5, 6])("aborted after %i responses", async (count) => {
    for (const delayMs of [undefined, 0]) {
      const controller = new AbortController();
      const { signal } = controller;
      const added = vi.spyOn(signal, "addEventListener");
      const removed = vi.spyOn(signal, "removeEventListener");
      if (count === 0) controller.abort("now");
      const responses = [];
      for await (const response of modelOf({ text: pieces, delayMs }).chat.stream({ messages }, { signal })) {
        responses.push(response);
        if (responses.length === count) controller.abort("now");
      }
      expect(responses).toHaveLength(Math.min(count + 1, 6));
      expect(responses.at(-1)?.kind).toBe(count === 6 ? "done" : "cancelled");
      expect(removed.mock.calls.length).toBe(added.mock.calls.length);
    }
  });

  test("the error's cause is the signal's reason", async () => {
    const reason = new Error("why");
    const controller = new AbortController();
    const whole = modelOf({ text: pieces, delayMs: 5 }).chat.complete({ messages }, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 12);
    const error = await whole.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "cancelled", name: "AbortError", cause: reason });
  });

  test("one signal for many streams, all told once", async () => {
    const controller = new AbortController();
    const model = modelOf({ text: pieces, end: { kind: "hang", after: 1 } });
    const streams = Array.from({ length: 20 }, () =>
      collect(model.chat.stream({ messages }, { signal: controller.signal })),
    );
    await pause(2);
    controller.abort();
    for (const responses of await Promise.all(streams))
      expect(responses.map(({ kind }) => kind)).toEqual(["chunk", "cancelled"]);
  });

  test("timeoutMs", async () => {
    const model = modelOf({ text: pieces, end: { kind: "hang", after: 2 } });
    const responses = await collect(model.chat.stream({ messages }, { timeoutMs: 10 }));
    expect(responses.at(-1)).toMatchObject({
      kind: "cancelled",
      reason: "timeout",
      partial: { choices: [{ message: { content: "one two " } }] },
    });
    await expect(model.chat.complete({ messages }, { timeoutMs: 10 })).rejects.toMatchObject({
      code: "timeout",
      name: "WickError",
    });
  });
});

describe("refusals", () => {
  const model = modelOf({ text: pieces });
  const executable = { type: "executable" as const, name: "f", description: "", parameters: {}, needsApproval: false };
  const standard = { "~standard": { version: 1 as const, vendor: "test", validate: (value: unknown) => value } };

  test.each([
    ["onApproval", "unsupported", { messages, onApproval: () => true }],
    ["tools[0]", "invalid_request", { messages, tools: [executable] }],
    [
      "tools[1]",
      "unsupported",
      { messages, tools: [{ type: "function", function: { name: "f", parameters: {} } }, { type: "web_search" }] },
    ],
    [
      "tools[0].function.parameters",
      "unsupported",
      { messages, tools: [{ type: "function", function: { name: "f", parameters: standard } }] },
    ],
    [
      "responseFormat.jsonSchema.schemaDefinition",
      "unsupported",
      { messages, responseFormat: { type: "json_schema", jsonSchema: { name: "s", schemaDefinition: standard } } },
    ],
    ["temperature", "invalid_request", { messages, temperature: Number.POSITIVE_INFINITY }],
    ["messages[0].content", "invalid_request", { messages: [{ role: "user", content: () => "x" }] }],
    ["", "invalid_request", undefined],
  ])("%s: %s", async (where, code, request) => {
    expect(await collect(model.chat.stream(request as never))).toMatchObject([
      { kind: "validation_error", error: { code, where } },
    ]);
    await expect(model.chat.complete(request as never)).rejects.toMatchObject({ code, info: { where } });
  });

  test.each([
    ["options.headers", "unsupported", { headers: {} }],
    ["options.timeoutMs", "invalid_request", { timeoutMs: -1 }],
    ["options.timeoutMs", "invalid_request", { timeoutMs: Number.NaN }],
    ["options.timeoutMs", "invalid_request", { timeoutMs: Number.POSITIVE_INFINITY }],
    ["options.signal", "invalid_request", { signal: {} }],
    ["options.singal", "invalid_request", { singal: 1 }],
  ])("%s: %s", async (where, code, options) => {
    expect(await collect(model.chat.stream({ messages }, options as never))).toMatchObject([
      { kind: "validation_error", error: { code, where } },
    ]);
  });

  test("what a scripted model cannot do", async () => {
    await expect(model.logits([1])).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("a closed model", () => {
  test("ends live streams once, each with its partial", async () => {
    const model = modelOf({ text: pieces, end: { kind: "hang", after: 2 } });
    const streams = Array.from({ length: 8 }, () => collect(model.chat.stream({ messages })));
    await pause(2);
    expect(model.stats().running).toBe(8);
    await Promise.all([model.close(), model.close(), model[Symbol.asyncDispose]()]);
    for (const responses of await Promise.all(streams)) {
      expect(responses.map(({ kind }) => kind)).toEqual(["chunk", "chunk", "internal_error"]);
      expect(responses.at(-1)).toMatchObject({
        error: { code: "engine_closed" },
        partial: { choices: [{ message: { content: "one two " } }] },
      });
    }
  });

  test("refuses everything else", async () => {
    const model = modelOf({ text: pieces });
    await model.close();
    expect(await collect(model.chat.stream({ messages }))).toMatchObject([
      { kind: "internal_error", error: { code: "engine_closed" } },
    ]);
    await expect(model.completions.complete({ prompt: "x" })).rejects.toMatchObject({ code: "engine_closed" });
    await expect(model.tokenize("x")).rejects.toMatchObject({ code: "engine_closed" });
    expect(() => model.stats()).toThrow(expect.objectContaining({ code: "engine_closed" }));
    await model.close();
  });
});

describe("forgotten streams", () => {
  test("are cancelled by the collector, and so are their listeners", async () => {
    const model = modelOf({ text: pieces, delayMs: 1 });
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const forget = async () => {
      const reader = model.chat.stream({ messages }, { signal: controller.signal })[Symbol.asyncIterator]();
      await reader.next();
    };
    await forget();
    expect(model.stats().running).toBe(1);
    for (let round = 0; round < 50 && model.stats().running > 0; round += 1) {
      globalThis.gc?.();
      await pause(5);
    }
    expect(model.stats().running).toBe(0);
    expect(removed).toHaveBeenCalledTimes(1);
  });
});

describe("on the wire", () => {
  test("one event per pull, ended by the terminal", async () => {
    const body = modelOf({ text: ["a", "b"] })
      .chat.stream({ messages })
      .toServerSentEvents();
    const decoder = new TextDecoder();
    const events: string[] = [];
    const reader = body.getReader();
    for (let result = await reader.read(); result.done === false; result = await reader.read())
      events.push(decoder.decode(result.value));
    expect(events).toHaveLength(3);
    expect(events.every((event) => /^data: \{.*\}\n\n$/.test(event))).toBe(true);
    expect(JSON.parse(events[2]?.slice(6) ?? "").kind).toBe("done");
  });

  test("toResponse has the headers of an event stream, and yours over them", () => {
    const response = modelOf({})
      .chat.stream({ messages })
      .toResponse({ status: 201, headers: { "x-a": "b", "Cache-Control": "none" } });
    expect(response.status).toBe(201);
    expect(Object.fromEntries(response.headers)).toEqual({
      "cache-control": "none",
      "content-type": "text/event-stream; charset=utf-8",
      "x-a": "b",
      "x-accel-buffering": "no",
    });
    void response.body?.cancel();
  });

  test("responses survive structuredClone and JSON", async () => {
    for (const response of await collect(modelOf({ text: pieces }).chat.stream({ messages }))) {
      expect(structuredClone(response)).toEqual(JSON.parse(JSON.stringify(response)));
    }
  });
});
