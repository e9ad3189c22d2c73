import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { OpenAIEmbeddings } from "@langchain/openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { describeClient } from "./describe-client.ts";
import { chatOpenaiOf, langchain, langchainResponses } from "./langchain.ts";
import { type Stage, startStage } from "./stage.ts";

describeClient(langchain);
describeClient(langchainResponses);

describe("@langchain/openai alone", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  const weather = tool(({ city }: { city: string }) => JSON.stringify({ city, celsius: 18, sky: "sunny" }), {
    name: "get_weather",
    description: "Get the weather of a city",
    schema: z.object({ city: z.string() }),
  });

  test("binds tools, runs them and hands their answers back", async () => {
    const model = chatOpenaiOf(stage.server.connection, { model: "demo", temperature: 0 }).bindTools([weather]);
    const question = new HumanMessage("What is the weather in Paris?");
    const said = await model.invoke([question]);
    const [call] = said.tool_calls ?? [];
    expect(call).toMatchObject({ name: "get_weather", args: { city: "Paris" } });
    if (call === undefined) throw new Error("No tool was called.");
    const answer: unknown = await weather.invoke({ ...call, type: "tool_call" });
    expect(answer).toBeInstanceOf(ToolMessage);
    const { text } = await model.invoke([question, said, answer as ToolMessage]);
    expect(text).toContain("18");
  });

  test("is forced to call a tool", async () => {
    const model = chatOpenaiOf(stage.server.connection, { model: "demo", temperature: 0 });
    const forced = model.bindTools([weather], { tool_choice: "get_weather" });
    expect((await forced.invoke("Hi, I am Mia.")).tool_calls).toMatchObject([{ name: "get_weather" }]);
  });

  test.each(["jsonSchema", "functionCalling", "jsonMode"] as const)("gives structured output by %s", async (method) => {
    const schema = z.object({ city: z.string(), isCapital: z.boolean() });
    const script = stage.script([
      method === "functionCalling"
        ? {
            toolCalls: [
              {
                id: "a1B2c3D4e",
                type: "function",
                function: { name: "extract", arguments: '{"city":"Paris","isCapital":true}' },
              },
            ],
          }
        : '{"city":"Paris","isCapital":true}',
    ]);
    const model = chatOpenaiOf(stage.server.connection, { model: "scripted" });
    const parsed = await model.withStructuredOutput(schema, { method }).invoke(script.words);
    expect(parsed).toEqual({ city: "Paris", isCapital: true });
    expect(script.asked[0]).toMatchObject(
      {
        jsonSchema: { responseFormat: { type: "json_schema", jsonSchema: { strict: true } } },
        functionCalling: { toolChoice: { function: { name: "extract" } } },
        jsonMode: { responseFormat: { type: "json_object" } },
      }[method],
    );
  });

  test("answers a batch", async () => {
    const model = chatOpenaiOf(stage.server.connection, { model: "demo", temperature: 0, maxTokens: 20 });
    const answers = await model.batch(["What is the capital of France?", "What is the capital of Italy?"]);
    expect(answers.map(({ text }) => text)).toEqual([
      "The capital of France is Paris.",
      "The capital of Italy is Rome.",
    ]);
  });

  test("embeds a query", async () => {
    const { url, apiKey } = stage.server.connection;
    const embeddings = new OpenAIEmbeddings({ model: "demo", apiKey, configuration: { baseURL: `${url}/v1` } });
    const here = await stage.demo.embeddings.create({ inputs: "The moon." });
    expect(Float32Array.from(await embeddings.embedQuery("The moon."))).toEqual(
      Float32Array.from(here.data[0]?.embedding ?? []),
    );
  });
});
