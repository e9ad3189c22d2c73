import { demoModel } from "@wick/demo-model";
import { describe, expect, test } from "vitest";
import { NoSuchModelError } from "@ai-sdk/provider";
import { Model, WickError } from "wick";
import { scriptedModel } from "wick/testing";
import { createWick } from "../src/index.ts";
import { callOf, quietWarnings, rejection, versions } from "./versions.ts";

quietWarnings();

const downloadFailed = () => new WickError({ code: "download_failed", message: "No network.", retryable: true });

describe("a model that is loaded when it is needed", () => {
  test("is loaded once, for all calls that wait for it", async () => {
    let loads = 0;
    const provider = createWick({
      models: {
        small: async () => {
          loads += 1;
          await new Promise((resolve) => {
            setTimeout(resolve, 5);
          });
          return scriptedModel({ replies: ["Hi."], embeddings: () => [1] });
        },
      },
    });
    const chat = provider("small");
    const vectors = provider.embeddingModel("small");
    expect(loads).toBe(0);
    await Promise.all([
      chat.doGenerate(callOf()),
      provider.chat("small").doGenerate(callOf()),
      provider.completionModel("small").doGenerate(callOf()),
      vectors.doEmbed({ values: ["a"] }),
    ]);
    expect(loads).toBe(1);
  });

  test.each([
    ["rejects", () => Promise.reject(downloadFailed())],
    [
      "throws",
      () => {
        throw downloadFailed();
      },
    ],
  ])("is asked for again after a load that %s", async (_, fail) => {
    let loads = 0;
    const load = (): Model | Promise<Model> => {
      loads += 1;
      return loads === 1 ? fail() : scriptedModel({ replies: ["Hi."] });
    };
    const model = createWick({ models: { small: load } }).languageModel("small");
    const error = await rejection(model.doGenerate(callOf()));
    expect(error).toMatchObject({ code: "download_failed", isRetryable: true, url: "wick.chat:small" });
    expect((await model.doGenerate(callOf())).content).toEqual([{ type: "text", text: "Hi." }]);
  });

  test("is not waited for by a call whose signal fires, and is there for the others", async () => {
    let finish: (model: Model) => void = () => {};
    const provider = createWick({
      models: {
        small: () =>
          new Promise<Model>((resolve) => {
            finish = resolve;
          }),
      },
    });
    const controller = new AbortController();
    const left = rejection(provider("small").doGenerate(callOf({ abortSignal: controller.signal })));
    const waits = provider("small").doGenerate(callOf());
    await Promise.resolve();
    controller.abort("enough");
    expect(await left).toBe("enough");
    finish(scriptedModel({ replies: ["Hi."] }));
    expect((await waits).content).toEqual([{ type: "text", text: "Hi." }]);
  });
});

describe("closing a provider", () => {
  test("closes what it loaded, and not what it was given", async () => {
    const given = scriptedModel({ replies: ["Hi."] });
    const loaded = await Model.load(demoModel());
    let unused = 0;
    {
      await using provider = createWick({
        models: {
          given,
          loaded: () => loaded,
          unused: () => {
            unused += 1;
            return given;
          },
        },
      });
      await provider("loaded").doGenerate(callOf({ maxOutputTokens: 1 }));
      await provider("given").doGenerate(callOf());
      await provider.close();
      expect(await rejection(provider("given").doGenerate(callOf()))).toMatchObject({
        name: "AI_InvalidArgumentError",
      });
      expect(await rejection(provider("unused").doGenerate(callOf()))).toMatchObject({
        name: "AI_InvalidArgumentError",
      });
    }
    expect(unused).toBe(0);
    await expect(loaded.chat.complete({ messages: [{ role: "user", content: "Hi" }] })).rejects.toMatchObject({
      code: "engine_closed",
    });
    expect(given.calls).toHaveLength(1);
    expect(await given.chat.stream({ messages: [{ role: "user", content: "Hi" }] }).final()).toBeDefined();
  });

  test("waits for a load that is on its way, whether it comes to its end or not", async () => {
    const model = scriptedModel({ replies: ["Hi."] });
    let isClosed = false;
    const close = model.close.bind(model);
    model.close = async () => {
      isClosed = true;
      await close();
    };
    const provider = createWick({
      models: { slow: async () => model, broken: () => Promise.reject(downloadFailed()) },
    });
    const calls = [provider("slow"), provider("broken")].map((chat) => chat.doGenerate(callOf()));
    const settled = Promise.allSettled(calls);
    await provider.close();
    expect(isClosed).toBe(true);
    await settled;
  });
});

describe("names", () => {
  const provider = createWick({ models: { small: scriptedModel({ replies: ["Hi."] }) } });

  test("that are not there are refused at once, with those that are", async () => {
    const makers = [provider, provider.languageModel, provider.chat, provider.completionModel, provider.embeddingModel];
    for (const make of makers) {
      // @ts-expect-error -- no such name
      expect(() => make("large")).toThrow("This provider has: small.");
    }
    expect(() => provider.imageModel("small")).toThrow("no images");
    const isNone = rejection(Promise.resolve("small").then((name) => provider.imageModel(name)));
    expect(NoSuchModelError.isInstance(await isNone)).toBe(true);
    // @ts-expect-error -- no such name; what every object has is none
    expect(() => provider("toString")).toThrow("No such languageModel");
  });

  test("are the models' ids", () => {
    expect(provider("small")).toMatchObject({ provider: "wick.chat", modelId: "small", specificationVersion: "v3" });
    expect(provider.completionModel("small").provider).toBe("wick.completion");
    expect(provider.textEmbeddingModel("small")).toMatchObject({ provider: "wick.embedding", modelId: "small" });
  });
});

test("defaults are those of the kind of call", async () => {
  const model = scriptedModel({ replies: ["Hi."], embeddings: () => [3, 4] });
  const provider = createWick({
    models: { small: model },
    chat: { defaults: { minP: 0.1 } },
    completion: { defaults: { echo: true } },
    embedding: { defaults: { normalize: false }, maxEmbeddingsPerCall: 7 },
  });
  await provider("small").doGenerate(callOf());
  await provider.completionModel("small").doGenerate(callOf());
  expect(model.calls[0]?.request).toMatchObject({ minP: 0.1 });
  expect(model.calls[1]?.request).toEqual({ prompt: "Hi", echo: true });
  const vectors = provider.embeddingModel("small");
  expect(vectors.maxEmbeddingsPerCall).toBe(7);
  expect((await vectors.doEmbed({ values: ["a"] })).embeddings).toEqual([[3, 4]]);
});

test.each(versions)("$name finds models in a registry", async ({ ai }) => {
  const wick = createWick({ models: { small: scriptedModel({ replies: ["Hi."], embeddings: () => [1, 0] }) } });
  const registry = ai.createProviderRegistry({ wick });
  expect((await ai.generateText({ model: registry.languageModel("wick:small"), prompt: "Hi" })).text).toBe("Hi.");
  expect((await ai.embed({ model: registry.embeddingModel("wick:small"), value: "Hi" })).embedding).toEqual([1, 0]);
  expect(() => registry.languageModel("wick:large")).toThrow("No such languageModel");
});

test.each(versions)("$name wraps a model with its own middleware", async ({ ai }) => {
  const wick = createWick({ models: { small: scriptedModel({ replies: ["<think>Hm.</think>Hi."] }) } });
  const model = ai.wrapLanguageModel({
    model: wick("small"),
    middleware: ai.extractReasoningMiddleware({ tagName: "think" }),
  });
  const result = ai.streamText({ model, prompt: "Hi" });
  expect(await result.text).toBe("Hi.");
  expect(await result.reasoningText).toBe("Hm.");
});
