import { type Anthropic, AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { anthropicEvents, anthropicHelper, anthropicOf } from "./anthropic.ts";
import { describeClient } from "./describe-client.ts";
import { type Stage, startStage } from "./stage.ts";

describeClient(anthropicEvents);
describeClient(anthropicHelper);

/** Fields that its types have no longer, and its programs still send. */
const sampling = { temperature: 0, top_k: 5, top_p: 0.9 };
const greedy = { temperature: 0 };
const wrong = { top_p: 7 };
const user = (content: string) => [{ role: "user" as const, content }];
const call = (id: string, city: string) => ({
  id,
  type: "function" as const,
  function: { name: "get_weather", arguments: JSON.stringify({ city }) },
});

describe("@anthropic-ai/sdk alone", () => {
  let stage: Stage;
  let client: Anthropic;
  beforeAll(async () => {
    stage = await startStage();
    client = anthropicOf(stage.server.connection);
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test("counts the tokens of a prompt", async () => {
    const tool = {
      name: "get_weather",
      description: "Get the weather of a city",
      input_schema: { type: "object" as const, properties: { city: { type: "string" } } },
    };
    const messages = user("What is the weather in Paris?");
    const { input_tokens: tokens } = await client.messages.countTokens({
      model: "demo",
      system: "Be brief.",
      messages,
      tools: [tool],
    });
    const { name, description, input_schema: parameters } = tool;
    const here = await stage.demo.countTokens({
      messages: [{ role: "system", content: "Be brief." }, ...messages],
      tools: [{ type: "function", function: { name, description, parameters } }],
    });
    expect(tokens).toBe(here);
    // And they are what an answer then says it has read.
    const { usage } = await client.messages.create({
      model: "demo",
      max_tokens: 5,
      system: "Be brief.",
      messages,
      tools: [tool],
    });
    expect(usage.input_tokens + (usage.cache_read_input_tokens ?? 0)).toBe(here);
  });

  test.each([false, true])("runs tools until the model is done, streamed: %s", async (stream) => {
    const script = stage.script([
      {
        reasoning: "First Paris.",
        text: "Let me look.",
        toolCalls: [call("a1B2c3D4e", "Paris"), call("Z9y8X7w6V", "Rome")],
      },
      "Sunny in both.",
    ]);
    const cities: string[] = [];
    const runner = client.beta.messages.toolRunner({
      model: "scripted",
      max_tokens: 100,
      messages: user(script.words),
      stream: stream as false,
      tools: [
        betaZodTool({
          name: "get_weather",
          description: "Get the weather of a city",
          inputSchema: z.object({ city: z.string() }),
          run: ({ city }) => {
            cities.push(city);
            return `sunny in ${city}`;
          },
        }),
      ],
    });
    const { content, stop_reason: reason } = await runner.runUntilDone();
    expect(content).toMatchObject([{ type: "text", text: "Sunny in both." }]);
    expect(reason).toBe("end_turn");
    expect(cities.toSorted()).toEqual(["Paris", "Rome"]);
    expect(script.asked[1]?.messages).toMatchObject([
      { role: "user" },
      {
        role: "assistant",
        content: "Let me look.",
        reasoningContent: "First Paris.",
        toolCalls: [{ id: "a1B2c3D4e" }, { id: "Z9y8X7w6V" }],
      },
      { role: "tool", toolCallId: "a1B2c3D4e", content: "sunny in Paris" },
      { role: "tool", toolCallId: "Z9y8X7w6V", content: "sunny in Rome" },
    ]);
  });

  test("tells each listener of its helper", async () => {
    const script = stage.script([
      { reasoning: ["Two and ", "two…"], text: ["Four", "."], toolCalls: [call("a1B2c3D4e", "Paris")] },
    ]);
    const told: string[] = [];
    const stream = client.messages.stream({ model: "scripted", max_tokens: 100, messages: user(script.words) });
    stream
      .on("thinking", (delta) => told.push(`thinking ${delta}`))
      .on("text", (delta, snapshot) => told.push(`text ${delta}, ${snapshot}`))
      .on("inputJson", (_, snapshot) => told.push(`input ${JSON.stringify(snapshot)}`))
      .on("contentBlock", ({ type }) => told.push(`block ${type}`));
    const message = await stream.finalMessage();
    expect(told.filter((each) => each !== "input {}")).toEqual([
      "thinking Two and ",
      "thinking two…",
      "block thinking",
      "text Four, Four",
      "text ., Four.",
      "block text",
      'input {"city":"Paris"}',
      "block tool_use",
    ]);
    expect(message).toMatchObject({
      role: "assistant",
      model: "scripted",
      stop_reason: "tool_use",
      stop_sequence: null,
    });
    expect(message.usage.output_tokens).toBeGreaterThan(0);
    expect(await stream.finalText()).toBe("Four.");
  });

  test("parses an answer of a zod schema", async () => {
    const city = z.object({ city: z.string(), isCapital: z.boolean() });
    const message = await client.messages.parse({
      model: "demo",
      max_tokens: 200,
      ...greedy,
      messages: user("Tell me of Paris."),
      output_config: { format: zodOutputFormat(city) },
    });
    expect(city.parse(message.parsed_output)).toEqual(message.parsed_output);
  });

  test("begins the answer for the model", async () => {
    const messages = [
      ...user("What is the capital of France?"),
      { role: "assistant" as const, content: "The capital of France is" },
    ];
    const { content } = await client.messages.create({ model: "demo", max_tokens: 20, ...greedy, messages });
    const begun = { ...messages[1], role: "assistant" as const, prefix: true };
    const here = await stage.demo.chat.complete({
      messages: [...user("What is the capital of France?"), begun],
      ...greedy,
    });
    expect(content).toMatchObject([{ type: "text", text: here.choices[0].message.content }]);
  });

  test("takes what its programs send", async () => {
    const cached = { cache_control: { type: "ephemeral" as const } };
    const {
      content,
      stop_reason: reason,
      stop_sequence: sequence,
    } = await client.messages.create({
      model: "demo",
      max_tokens: 50,
      ...sampling,
      system: [{ type: "text", text: "Be brief.", ...cached }],
      messages: [{ role: "user", content: [{ type: "text", text: "What is the capital of France?", ...cached }] }],
      stop_sequences: [" Paris"],
      metadata: { user_id: "mia" },
      service_tier: "auto",
      thinking: { type: "disabled" },
      tool_choice: { type: "none" },
    });
    expect(content).toMatchObject([{ type: "text", text: "The capital of France is" }]);
    expect({ reason, sequence }).toEqual({ reason: "stop_sequence", sequence: " Paris" });
  });

  test("thinks no longer than its budget", async () => {
    const { content } = await client.messages.create({
      model: "demo",
      max_tokens: 100,
      ...greedy,
      messages: user("Which is bigger: 12 or 8?"),
      thinking: { type: "enabled", budget_tokens: 3 },
    });
    const [thinking] = content;
    if (thinking?.type !== "thinking") throw new Error("It did not think.");
    expect((await stage.demo.tokenize(thinking.thinking)).length).toBeLessThanOrEqual(4);
    expect(content.at(-1)).toMatchObject({ type: "text" });
  });

  test("raises the class of each status, with what is wrong and the request's id", async () => {
    const body = { model: "demo", max_tokens: 5, messages: user("Hi") };
    const keyless = anthropicOf({ ...stage.server.connection, apiKey: "sk-wrong-0123456789" });
    await expect(keyless.messages.create(body)).rejects.toBeInstanceOf(AuthenticationError);
    await expect(client.messages.create({ ...body, model: "nobody" })).rejects.toBeInstanceOf(NotFoundError);
    const refusal = await client.messages.create({ ...body, ...wrong }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(BadRequestError);
    expect(refusal).toMatchObject({
      type: "invalid_request_error",
      message: expect.stringContaining("top_p") as string,
    });
    const [exchange] = (await stage.server.exchanges()).slice(-1);
    expect(refusal).toMatchObject({ requestID: exchange?.headers["x-request-id"] });
    const tools = [{ type: "web_search_20250305" as const, name: "web_search" as const }];
    await expect(client.messages.create({ ...body, tools })).rejects.toMatchObject({ status: 400 });
    const full = { end: { kind: "validation_error" as const, error: { code: "queue_full" as const } } };
    const refused = client.messages.create({ ...body, model: "scripted", messages: user(stage.script([full]).words) });
    await expect(refused).rejects.toBeInstanceOf(RateLimitError);
  });
});
