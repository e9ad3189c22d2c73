import { APICallError, UnsupportedFunctionalityError } from "ai";
import { demoModel } from "@wick/demo-model";
import { describe, expect, test } from "vitest";
import { Model, WickError } from "wick";
import { scriptedModel } from "wick/testing";
import { wick } from "../src/index.ts";
import { callOf, partsOf, quietWarnings, read, rejection, scripted, untilIdle, versions } from "./versions.ts";

quietWarnings();

const failsAfter = (after: number, kind: "model_error" | "internal_error" = "model_error") => ({
  text: ["The sky ", "is ", "blue."],
  end: { kind, after, error: { code: "numeric_error" as const, message: "The numbers ran away." } },
});

describe("a failure before anything was said", () => {
  test("is thrown by both calls, as Wick's error and as one of the SDK's", async () => {
    const { languageModel } = scripted({ replies: [failsAfter(0)] });
    for (const call of [languageModel.doGenerate(callOf()), languageModel.doStream(callOf())]) {
      const error = await rejection(call);
      expect(error).toBeInstanceOf(Error);
      expect(WickError.isInstance(error)).toBe(true);
      expect(APICallError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({
        code: "numeric_error",
        message: "The numbers ran away.",
        isRetryable: false,
        url: "wick.chat:scripted",
        data: { code: "numeric_error" },
      });
    }
  });

  test("does not print what the SDK needs of it", async () => {
    const { languageModel } = scripted({ replies: [failsAfter(0)] });
    expect(Object.keys(Object(await rejection(languageModel.doGenerate(callOf()))))).toEqual(
      expect.not.arrayContaining(["url", "requestBodyValues", "isRetryable"]),
    );
  });

  test("that is no failure of the model but of the request has the field's path", async () => {
    const error = { code: "unsupported" as const, where: "messages[0].content[0]", message: "Text only." };
    const { languageModel } = scripted({ replies: [{ end: { kind: "validation_error", error } }] });
    const thrown = await rejection(languageModel.doGenerate(callOf()));
    expect(UnsupportedFunctionalityError.isInstance(thrown)).toBe(true);
    expect(thrown).toMatchObject({ functionality: "messages[0].content[0]", code: "unsupported" });
  });

  test("a field that stays refused is not asked for again for ever", async () => {
    const error = { code: "unsupported" as const, where: "topK", message: "No topK." };
    const { model, languageModel } = scripted({ replies: [{ end: { kind: "validation_error", error } }] });
    expect(await rejection(languageModel.doGenerate(callOf({ topK: 3 })))).toMatchObject({ code: "unsupported" });
    expect(model.calls.map(({ request }) => request.topK)).toEqual([3, undefined]);
  });

  test.each(versions)("$name asks again where Wick says that it may help", async ({ ai }) => {
    const error = { code: "queue_full" as const, retryable: true, retryAfterMs: 1 };
    const { model, languageModel } = scripted({ replies: [{ end: { kind: "validation_error", error } }, "Yes."] });
    expect((await ai.generateText({ model: languageModel, prompt: "Hi" })).text).toBe("Yes.");
    expect(model.calls).toHaveLength(2);
    const again = scripted({ replies: [{ end: { kind: "validation_error", error } }, "Yes."] });
    const { text } = ai.streamText({ model: again.languageModel, prompt: "Hi" });
    expect(await text).toBe("Yes.");
    const never = scripted({ replies: [failsAfter(0)] });
    await rejection(ai.generateText({ model: never.languageModel, prompt: "Hi" }));
    expect(never.model.calls).toHaveLength(1);
  });
});

test("an engine takes so many requests at once, and says of the others that later will do", async () => {
  await using model = await Model.load(demoModel(), { maxSequences: 1, maxQueue: 1 });
  const calls = Array.from({ length: 40 }, () => wick(model).doGenerate(callOf()));
  const settled = await Promise.allSettled(calls);
  const errors = settled.flatMap((call) => (call.status === "rejected" ? [call.reason] : []));
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.length).toBeLessThan(40);
  for (const error of errors) expect(error).toMatchObject({ code: "queue_full", isRetryable: true });
  await untilIdle(model);
});

describe("a failure in the middle", () => {
  test.each(["model_error", "internal_error"] as const)("%s: what was said stays, and all is closed", async (kind) => {
    const { languageModel } = scripted({ replies: [{ ...failsAfter(2, kind), usage: { promptTokens: 4 } }] });
    const parts = await partsOf(languageModel);
    expect(parts.slice(2)).toEqual([
      { type: "text-start", id: "text-1" },
      { type: "text-delta", id: "text-1", delta: "The sky " },
      { type: "text-delta", id: "text-1", delta: "is " },
      { type: "text-end", id: "text-1" },
      { type: "error", error: expect.any(WickError) },
      {
        type: "finish",
        finishReason: { unified: "error", raw: "numeric_error" },
        usage: expect.objectContaining({ inputTokens: expect.objectContaining({ total: 4 }) }),
      },
    ]);
    expect(parts.find(({ type }) => type === "error")).toMatchObject({ error: { partialText: "The sky is " } });
  });

  test("generating throws it with what was said", async () => {
    const { languageModel } = scripted({ replies: [failsAfter(2)] });
    const error = await rejection(languageModel.doGenerate(callOf()));
    expect(WickError.isInstance(error) && error.partialText).toBe("The sky is ");
  });

  test("a call that was not whole is closed, and not made", async () => {
    const toolCalls = ["a", "b"].map((id) => ({
      id,
      type: "function" as const,
      function: { name: "f", arguments: "{" },
    }));
    const end = { kind: "model_error" as const, after: 2, error: { code: "numeric_error" as const } };
    const { languageModel } = scripted({ replies: [{ toolCalls, end }] });
    const types = (await partsOf(languageModel)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("tool"))).toEqual([
      "tool-input-start",
      "tool-input-delta",
      "tool-input-start",
      "tool-input-delta",
      "tool-input-end",
      "tool-input-end",
    ]);
  });

  test("before the first word, of an engine that has taken the request", async () => {
    const promptProgress = [{ processed: 0, total: 4, cached: 0 }];
    const { languageModel } = scripted({ replies: [{ ...failsAfter(0), promptProgress }] });
    const types = (await partsOf(languageModel)).map(({ type }) => type);
    expect(types).toEqual(["stream-start", "error", "finish"]);
  });

  test.each(versions)("$name keeps the text, and tells the error", async ({ ai }) => {
    const { languageModel } = scripted({ replies: [failsAfter(2)] });
    const errors: unknown[] = [];
    const onError = ({ error }: { error: unknown }) => void errors.push(error);
    const result = ai.streamText({ model: languageModel, prompt: "Why?", onError });
    const parts = await read(result.fullStream);
    expect(parts.filter(({ type }) => type === "error")).toHaveLength(1);
    expect(errors).toMatchObject([{ code: "numeric_error", partialText: "The sky is " }]);
    expect(await result.text).toBe("The sky is ");
    expect(await result.finishReason).toBe("error");
  });
});

describe("a limit of time", () => {
  test.each([
    ["of the call", { providerOptions: { wick: { timeoutMs: 10 } } }, {}],
    ["of the model", {}, { defaults: { timeoutMs: 10 } }],
  ])("%s ends it, in the middle and before", async (_, call, modelOptions) => {
    const hangs = (after: number) => ({ text: ["a ", "b"], end: { kind: "hang" as const, after } });
    const { model, languageModel } = scripted({ replies: [hangs(1), hangs(0)] }, modelOptions);
    const parts = await partsOf(languageModel, call);
    expect(parts.slice(-2)).toMatchObject([
      { type: "error", error: { code: "timeout", isRetryable: true, partialText: "a " } },
      { type: "finish", finishReason: { unified: "error", raw: "timeout" } },
    ]);
    expect(await rejection(languageModel.doGenerate(callOf(call)))).toMatchObject({ code: "timeout" });
    expect(model.calls.every(({ request }) => !("timeoutMs" in request))).toBe(true);
    expect(model.stats().running).toBe(0);
  });

  test("that is none is refused", async () => {
    const { languageModel } = scripted({ replies: ["a"] });
    const providerOptions = { wick: { timeoutMs: -1 } };
    expect(await rejection(languageModel.doGenerate(callOf({ providerOptions })))).toMatchObject({
      code: "invalid_request",
      info: { where: "options.timeoutMs" },
    });
  });
});

describe("a signal", () => {
  const hangs = { text: ["a ", "b"], end: { kind: "hang" as const, after: 1 } };

  test.each([
    ["an AbortError", new DOMException("Enough.", "AbortError")],
    ["anything", "enough"],
  ])("errors the stream with its reason: %s", async (_, reason) => {
    const { model, languageModel } = scripted({ replies: [hangs] });
    const controller = new AbortController();
    const { stream } = await languageModel.doStream(callOf({ abortSignal: controller.signal }));
    const reader = stream.getReader();
    const types: string[] = [];
    while (types.at(-1) !== "text-delta") types.push((await reader.read()).value?.type ?? "");
    const pending = rejection(reader.read());
    controller.abort(reason);
    expect(await pending).toBe(reason);
    expect(model.stats().running).toBe(0);
  });

  test("that fires while nobody reads frees the sequence, too", async () => {
    await using model = await Model.load(demoModel());
    const controller = new AbortController();
    const providerOptions = { wick: { ignoreEos: true } };
    const { stream } = await wick(model).doStream(callOf({ abortSignal: controller.signal, providerOptions }));
    const { running, queued } = model.stats();
    expect(running + queued).toBe(1);
    controller.abort("enough");
    await untilIdle(model);
    expect(await rejection(read(stream))).toBe("enough");
  });

  test("rejects what waits for the first answer", async () => {
    const { model, languageModel } = scripted({ replies: [{ end: { kind: "hang", after: 0 } }] });
    for (const call of ["doGenerate", "doStream"] as const) {
      const controller = new AbortController();
      const pending = rejection(languageModel[call](callOf({ abortSignal: controller.signal })));
      while (model.stats().running === 0) await Promise.resolve();
      controller.abort("enough");
      expect(await pending).toBe("enough");
    }
    expect(model.stats().running).toBe(0);
  });

  test("that has fired begins nothing", async () => {
    const { model, languageModel } = scripted({ replies: ["a"] });
    const abortSignal = AbortSignal.abort("enough");
    expect(await rejection(languageModel.doGenerate(callOf({ abortSignal })))).toBe("enough");
    expect(model.calls).toEqual([]);
  });
});

test("a stream that is cancelled frees the sequence", async () => {
  const { model, languageModel } = scripted({ replies: [{ text: ["a ", "b"], end: { kind: "hang", after: 1 } }] });
  const { stream } = await languageModel.doStream(callOf());
  expect(model.stats().running).toBe(1);
  await stream.cancel();
  expect(model.stats().running).toBe(0);
});

test("a stream that was left and forgotten frees the sequence", async () => {
  const model = scriptedModel({ replies: [{ text: ["a ", "b"], end: { kind: "hang", after: 1 } }] });
  await (async () => {
    const { stream } = await wick(model).doStream(callOf());
    const reader = stream.getReader();
    await reader.read();
    reader.releaseLock();
  })();
  expect(model.stats().running).toBe(1);
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("The tests run with --expose-gc.");
  while (model.stats().running > 0) {
    gc();
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
});

test("a model that is closed ends its streams, with what was said", async () => {
  const { model, languageModel } = scripted({ replies: [{ text: ["a ", "b"], end: { kind: "hang", after: 1 } }] });
  const { stream } = await languageModel.doStream(callOf());
  const parts = read(stream);
  await model.close();
  expect((await parts).slice(-2)).toMatchObject([
    { type: "error", error: { code: "engine_closed" } },
    { type: "finish" },
  ]);
  expect(await rejection(languageModel.doGenerate(callOf()))).toMatchObject({
    code: "engine_closed",
    isRetryable: false,
  });
});
