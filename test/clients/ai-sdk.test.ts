import { Output, embed, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AiSdkModels, openaiCompatible, openaiCompatibleModels } from "./ai-sdk.ts";
import { describeClient } from "./describe-client.ts";
import { type Stage, startStage } from "./stage.ts";

describeClient(openaiCompatible);

describe("ai alone, with @ai-sdk/openai-compatible", () => {
  let stage: Stage;
  let models: AiSdkModels;
  beforeAll(async () => {
    stage = await startStage();
    models = openaiCompatibleModels(stage.server.connection);
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  const cities: string[] = [];
  const tools = {
    get_weather: tool({
      description: "Get the weather of a city",
      inputSchema: z.object({ city: z.string() }),
      execute: ({ city }) => {
        cities.push(city);
        return { sky: `sunny in ${city}` };
      },
    }),
  };
  const call = (id: string, city: string) => ({
    id,
    type: "function" as const,
    function: { name: "get_weather", arguments: JSON.stringify({ city }) },
  });
  const threeSteps = () =>
    stage.script([
      { reasoning: "First Paris.", toolCalls: [call("a1B2c3D4e", "Paris")] },
      { text: "And Rome.", toolCalls: [call("Z9y8X7w6V", "Rome"), call("Q1w2E3r4T", "Oslo")] },
      "Sunny in all.",
    ]);

  test("runs tools over three steps, whole", async () => {
    cities.length = 0;
    const script = threeSteps();
    const { text, steps, totalUsage } = await generateText({
      model: models.language("scripted"),
      prompt: script.words,
      tools,
      stopWhen: stepCountIs(5),
    });
    expect(text).toBe("Sunny in all.");
    expect(cities).toEqual(["Paris", "Rome", "Oslo"]);
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "tool-calls", "stop"]);
    expect(script.asked[2]?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "tool",
      "tool",
    ]);
    expect(totalUsage.outputTokens).toBeGreaterThan(0);
  });

  test("runs tools over three steps, streamed, with raw chunks beside", async () => {
    cities.length = 0;
    const script = threeSteps();
    const { fullStream } = streamText({
      model: models.language("scripted"),
      prompt: script.words,
      tools,
      stopWhen: stepCountIs(5),
      includeRawChunks: true,
    });
    const parts = [];
    for await (const part of fullStream) parts.push(part);
    expect(parts.filter(({ type }) => type === "error")).toEqual([]);
    expect(parts.filter(({ type }) => type === "tool-result")).toHaveLength(3);
    expect(parts.filter(({ type }) => type === "finish-step")).toHaveLength(3);
    const raw = parts.flatMap((part) => (part.type === "raw" ? [part.rawValue] : []));
    expect(raw.length).toBeGreaterThan(6);
    // Its ids, dates and models come from the first chunk.
    const ends = parts.flatMap((part) => (part.type === "finish-step" ? [part.response] : []));
    expect(ends.map(({ modelId }) => modelId)).toEqual(["scripted", "scripted", "scripted"]);
    expect(new Set(ends.map(({ id }) => id)).size).toBe(3);
    expect(cities).toEqual(["Paris", "Rome", "Oslo"]);
  });

  test("grows an object of a schema", async () => {
    const schema = jsonSchema<{ city: string; tags: string[] }>({
      type: "object",
      properties: {
        city: { type: "string", maxLength: 24 },
        tags: { type: "array", items: { type: "string", maxLength: 12 }, maxItems: 3 },
      },
      required: ["city", "tags"],
      additionalProperties: false,
    });
    const options = { model: models.language("demo"), prompt: "Tell me of Paris.", temperature: 0 };
    const whole = await generateText({ ...options, output: Output.object({ schema }) });
    const streamed = streamText({ ...options, output: Output.object({ schema }) });
    const partials = [];
    for await (const partial of streamed.partialOutputStream) partials.push(partial);
    expect(partials.length).toBeGreaterThan(2);
    expect(partials.at(-1)).toEqual(whole.output);
    const choice = await generateText({ ...options, output: Output.choice({ options: ["sunny", "rainy"] }) });
    expect(["sunny", "rainy"]).toContain(choice.output);
  });

  test("goes on with raw text by its completion model", async () => {
    const { url, apiKey } = stage.server.connection;
    const provider = createOpenAICompatible({ name: "wick", baseURL: `${url}/v1`, apiKey, includeUsage: true });
    const options = {
      model: provider.completionModel("demo"),
      prompt: "Once upon a time",
      temperature: 0,
      maxOutputTokens: 12,
    };
    const { text, usage } = await generateText(options);
    expect(usage).toMatchObject({ outputTokens: 12 });
    expect(await streamText(options).text).toBe(text);
  });

  test("embeds one text", async () => {
    const { embedding, usage } = await embed({ model: models.embedding("demo"), value: "The moon." });
    const here = await stage.demo.embeddings.create({ inputs: "The moon." });
    expect(Float32Array.from(embedding)).toEqual(Float32Array.from(here.data[0]?.embedding ?? []));
    expect(usage).toEqual({ tokens: here.usage?.promptTokens });
  });
});
