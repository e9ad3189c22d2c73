// The SDK itself, in both versions, over an engine in this process and over hosts that have one behind both wire forms.

import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { z } from "zod";
import { serveEngine } from "../../../test/conformance/remote/engine-server.ts";
import { type WickChatOptions, wick, wickCompletion, wickEmbedding } from "../src/index.ts";
import { checked, quietWarnings, read, untilIdle, versions } from "./versions.ts";

quietWarnings();

const { engine, url } = await serveEngine();

const models = [
  { place: "in this process", model: engine },
  { place: "at a host of Wick", model: Model.connect({ provider: "wick", model: "demo", baseURL: url }) },
  { place: "at a host of OpenAI's form", model: Model.connect({ provider: "openai", model: "demo", baseURL: url }) },
];

const question = "How does a battery work?";
const fixed = { temperature: 0, maxOutputTokens: 200 };
const words = await engine.chat.complete({
  messages: [{ role: "user", content: question }],
  temperature: 0,
  maxTokens: 200,
});

for (const { name, ai } of versions) {
  describe.each(models)(`${name}, a model $place`, ({ place, model }) => {
    const languageModel = checked(wick(model));
    const isForeign = place === "at a host of OpenAI's form";
    const endless: WickChatOptions = isForeign ? { extraBody: { ignore_eos: true } } : { ignoreEos: true };
    const weather = ai.tool({
      description: "Get the weather of a city",
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ city, celsius: 19 }),
    });

    test("generateText says what the model says", async () => {
      const result = await ai.generateText({ model: languageModel, prompt: question, ...fixed });
      expect(result.text).toBe(words.choices[0].message.content);
      expect(result.finishReason).toBe("stop");
      expect(result.rawFinishReason).toBe("stop");
      expect(result.warnings).toEqual([]);
      expect(result.usage.inputTokens).toBe(words.usage?.promptTokens);
      expect(result.usage.outputTokens).toBe(words.usage?.completionTokens);
      expect(result.response.id).toMatch(/^chatcmpl-/);
      expect(result.response.timestamp.getTime()).toBeGreaterThan(Date.now() - 60_000);
    });

    test("streamText has the parts in their order", async () => {
      const result = ai.streamText({ model: languageModel, prompt: question, ...fixed });
      const parts = await read(result.fullStream);
      const types = parts.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
      expect(types).toEqual(["start", "start-step", "text-start", "text-delta", "text-end", "finish-step", "finish"]);
      expect(await result.text).toBe(words.choices[0].message.content);
      expect(await result.finishReason).toBe("stop");
      expect((await result.totalUsage).outputTokens).toBe(words.usage?.completionTokens);
    });

    test("reasoning is apart from text", async () => {
      const providerOptions = { wick: { reasoning: { effort: "high" } } };
      const result = ai.streamText({ model: languageModel, prompt: question, ...fixed, providerOptions });
      const types = new Set<string>();
      for await (const { type } of result.fullStream) types.add(type);
      expect([...types]).toEqual(expect.arrayContaining(["reasoning-start", "reasoning-delta", "reasoning-end"]));
      expect((await result.reasoningText)?.length).toBeGreaterThan(10);
      const { reasoningTokens } = (await result.totalUsage).outputTokenDetails;
      expect(reasoningTokens).toBeGreaterThan(0);
    });

    test("tools run, in steps, until nothing more is called", async () => {
      const result = ai.streamText({
        model: languageModel,
        tools: { get_weather: weather },
        prompt: "What is the weather in Paris?",
        stopWhen: ai.stepCountIs(2),
        ...fixed,
      });
      const parts = await read(result.fullStream);
      const types = parts.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
      const step = [
        "start-step",
        "tool-input-start",
        "tool-input-delta",
        "tool-input-end",
        "tool-call",
        "tool-result",
        "finish-step",
      ];
      expect(types.slice(0, 8)).toEqual(["start", ...step]);
      const steps = await result.steps;
      expect(steps).toHaveLength(2);
      expect(steps[0]?.toolCalls).toMatchObject([{ toolName: "get_weather", input: { city: "Paris" } }]);
      expect(steps[0]?.toolResults).toMatchObject([{ output: { city: "Paris", celsius: 19 } }]);
      expect(steps[0]?.finishReason).toBe("tool-calls");
    });

    test("a tool that must be called is called with arguments of its schema", async () => {
      const weekday = ai.tool({
        inputSchema: z.object({ day: z.enum(["monday", "tuesday"]) }),
        execute: async ({ day }) => day,
      });
      for (const toolChoice of ["required", { type: "tool", toolName: "weekday" }] as const) {
        const { toolCalls } = await ai.generateText({
          model: languageModel,
          tools: { weekday },
          toolChoice,
          prompt: "Hello",
          ...fixed,
        });
        expect(toolCalls).toHaveLength(1);
        expect(["monday", "tuesday"]).toContain(toolCalls.map(({ input }) => Object(input).day).join());
      }
    });

    test("a tool that must not be called is not", async () => {
      const { toolCalls, finishReason } = await ai.generateText({
        model: languageModel,
        tools: { get_weather: weather },
        toolChoice: "none",
        prompt: "What is the weather in Paris?",
        ...fixed,
      });
      expect(toolCalls).toEqual([]);
      expect(finishReason).not.toBe("tool-calls");
    });

    test("objects have the schema's form", async () => {
      const schema = z.object({
        name: z.string().max(20),
        kind: z.enum(["fox", "bear"]),
        age: z.number().int().max(9),
      });
      const prompt = "Mia the fox lives in Rome.";
      const whole = await ai.generateText({
        model: languageModel,
        output: ai.Output.object({ schema }),
        prompt,
        ...fixed,
      });
      expect(schema.parse(whole.output)).toEqual(whole.output);
      const { object } = await ai.generateObject({ model: languageModel, schema, prompt, ...fixed });
      expect(object).toEqual(whole.output);
      const stream = ai.streamObject({ model: languageModel, schema, prompt, ...fixed });
      const partials = await read(stream.partialObjectStream);
      expect(partials.at(-1)).toEqual(whole.output);
      expect(partials.length).toBeGreaterThan(2);
      expect(await stream.object).toEqual(whole.output);
    });

    test("choices have it, too", async () => {
      const choice = ai.Output.choice({ options: ["sunny", "rainy"] });
      const { output } = await ai.generateText({ model: languageModel, output: choice, prompt: "Weather?", ...fixed });
      expect(["sunny", "rainy"]).toContain(output);
    });

    test("options of the SDK reach the model", async () => {
      const call = { model: languageModel, prompt: "Tell me a story.", seed: 7, temperature: 1.8, topP: 0.99 };
      const options = { maxOutputTokens: 12, presencePenalty: 0.5, frequencyPenalty: 0.5 };
      const first = await ai.generateText({ ...call, ...options });
      const second = await ai.generateText({ ...call, ...options });
      const other = await ai.generateText({ ...call, ...options, seed: 8 });
      expect(first.warnings).toEqual([]);
      expect(first.finishReason).toBe("length");
      expect(first.usage.outputTokens).toBe(12);
      expect(second.text).toBe(first.text);
      expect(other.text).not.toBe(first.text);
      const cut = await ai.generateText({ model: languageModel, prompt: question, ...fixed, stopSequences: [" ends"] });
      expect(cut.text).toBe("A battery has two");
      expect(cut.finishReason).toBe("stop");
    });

    test("text of any script goes in and comes out", async () => {
      const system = "Grüße 🦊 你好 שלום \u{1F469}\u200D\u{1F680} e\u0301";
      const { messages } = JSON.parse(
        JSON.stringify(
          (
            await wick(model).doGenerate({
              prompt: [
                { role: "system", content: system },
                { role: "user", content: [{ type: "text", text: "🙂" }] },
              ],
              maxOutputTokens: 1,
            })
          ).request?.body,
        ),
      );
      expect(messages).toEqual([
        { role: "system", content: system },
        { role: "user", content: "🙂" },
      ]);
    });

    test("a signal ends a stream, and frees the model's sequence", async () => {
      const controller = new AbortController();
      const result = ai.streamText({
        model: languageModel,
        prompt: "Tell me a long story.",
        maxOutputTokens: 1500,
        abortSignal: controller.signal,
        temperature: 0,
        providerOptions: { wick: endless },
      });
      const types: string[] = [];
      for await (const { type } of result.fullStream) {
        types.push(type);
        if (types.length === 6) controller.abort();
      }
      expect(types.at(-1)).toBe("abort");
      await untilIdle(engine);
      await expect(result.text).rejects.toMatchObject({ name: "AbortError" });
    });

    test("a signal that has fired begins nothing", async () => {
      const abortSignal = AbortSignal.abort();
      const call = { model: languageModel, prompt: question, abortSignal };
      await expect(ai.generateText(call)).rejects.toMatchObject({ name: "AbortError" });
      expect(engine.stats().running).toBe(0);
    });

    test("leaving a stream and firing the signal frees the sequence", async () => {
      const controller = new AbortController();
      const result = ai.streamText({
        model: languageModel,
        prompt: "Tell me a long story.",
        maxOutputTokens: 1500,
        abortSignal: controller.signal,
        temperature: 0,
        providerOptions: { wick: endless },
      });
      const types: string[] = [];
      for await (const { type } of result.fullStream) {
        types.push(type);
        if (types.length === 5) break;
      }
      expect(types.at(-1)).toBe("text-delta");
      controller.abort();
      await untilIdle(engine);
      await expect(result.text).rejects.toMatchObject({ name: "AbortError" });
    });

    test("embeddings, one and many", async () => {
      const embeddingModel = wickEmbedding(model);
      const { data } = await model.embeddings.create({ inputs: ["red", "blue", "Grüße 🦊"] });
      const { embedding, usage } = await ai.embed({ model: embeddingModel, value: "red" });
      expect(embedding).toEqual(data[0]?.embedding);
      expect(usage.tokens).toBeGreaterThan(0);
      const many = await ai.embedMany({ model: embeddingModel, values: ["red", "blue", "Grüße 🦊"] });
      expect(many.embeddings).toEqual(data.map((row) => row.embedding));
      expect(many.warnings).toEqual([]);
    });

    test("raw text goes on from the prompt", async () => {
      const { text } = await ai.generateText({
        model: checked(wickCompletion(model)),
        prompt: "Once upon a time",
        ...fixed,
      });
      const { choices } = await engine.completions.complete({
        prompt: "Once upon a time",
        temperature: 0,
        maxTokens: 200,
      });
      expect(text).toBe(choices[0].text);
      const providerOptions = { wick: { suffix: "\n\nprint(add(1, 2))" } };
      const prompt = "def add(a, b):\n";
      const hole = await ai.generateText({ model: checked(wickCompletion(model)), prompt, ...fixed, providerOptions });
      const fim = await engine.fim.complete({ prompt, suffix: "\n\nprint(add(1, 2))", temperature: 0, maxTokens: 200 });
      expect(hole.text).toBe(fim.choices[0].text);
    });

    test("what the model refuses is the call's error, and nothing is left behind", async () => {
      const prompt = "word ".repeat(5000);
      const error = await ai.generateText({ model: languageModel, prompt, maxRetries: 0 }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(ai.APICallError.isInstance(error)).toBe(true);
      const errors: unknown[] = [];
      const result = ai.streamText({
        model: languageModel,
        prompt,
        maxRetries: 0,
        onError: ({ error: told }) => void errors.push(told),
      });
      const types = (await read(result.fullStream)).map(({ type }) => type);
      expect(types).toContain("error");
      expect(errors).toMatchObject([{ code: (error as { code: string }).code }]);
      await untilIdle(engine);
    });
  });
}
