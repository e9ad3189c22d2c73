import { demoModel } from "@wick/demo-model";
import { AuthenticationError, BadRequestError, InternalServerError, NotFoundError, type OpenAI } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { z } from "zod";
import { describeClient } from "./describe-client.ts";
import { openaiChunks, openaiHelper, openaiOf } from "./openai.ts";
import { Served } from "./served.ts";
import { type Stage, startStage } from "./stage.ts";

describeClient(openaiChunks);
describeClient(openaiHelper);

const city = z.object({ city: z.string().max(24), tags: z.array(z.string().max(12)).max(3) });
const user = (content: string) => [{ role: "user" as const, content }];
const question = { model: "demo", messages: user("Tell me of Paris."), temperature: 0 };
const france = "What is the capital of France?";

describe("openai alone", () => {
  let stage: Stage;
  let client: OpenAI;
  beforeAll(async () => {
    stage = await startStage();
    client = openaiOf(stage.server.connection);
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  const callsThenText = () =>
    stage.script([
      {
        toolCalls: [
          { id: "a1B2c3D4e", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
          { id: "Z9y8X7w6V", type: "function", function: { name: "get_weather", arguments: '{"city":"Rome"}' } },
        ],
      },
      "Sunny in both.",
    ]);

  test.each([false, true])("runTools, streamed: %s", async (stream) => {
    const script = callsThenText();
    const asked: string[] = [];
    const runner = client.chat.completions.runTools({
      model: "scripted",
      messages: user(script.words),
      stream: stream as false,
      tools: [
        {
          type: "function",
          function: {
            name: "get_weather",
            description: "Get the weather of a city",
            parameters: { type: "object", properties: { city: { type: "string" } } },
            parse: (text: string) => JSON.parse(text) as { city: string },
            function: (given: { city: string }) => {
              asked.push(given.city);
              return `sunny in ${given.city}`;
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe("Sunny in both.");
    expect(asked).toEqual(["Paris", "Rome"]);
    expect(script.asked[1]?.messages.slice(-2)).toEqual([
      { role: "tool", toolCallId: "a1B2c3D4e", content: "sunny in Paris" },
      { role: "tool", toolCallId: "Z9y8X7w6V", content: "sunny in Rome" },
    ]);
    expect(await runner.totalUsage()).toMatchObject({ completion_tokens: expect.any(Number) });
  });

  test("parses an answer of a zod schema, whole and streamed", async () => {
    const body = { ...question, response_format: zodResponseFormat(city, "city") };
    const whole = await client.chat.completions.parse(body);
    expect(city.parse(whole.choices[0]?.message.parsed)).toEqual(whole.choices[0]?.message.parsed);
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]?.message.parsed).toEqual(whole.choices[0]?.message.parsed);
  });

  test("writes two answers, whole and streamed", async () => {
    const body = { ...question, n: 2, temperature: 1, seed: 3, max_completion_tokens: 12 };
    const { choices } = await client.chat.completions.create(body);
    expect(choices).toHaveLength(2);
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices.map(({ message }) => message.content)).toEqual(
      choices.map(({ message }) => message.content),
    );
    expect(choices[0]?.message.content).not.toBe(choices[1]?.message.content);
  });

  test("tells how likely its tokens were, whole and streamed", async () => {
    const body = { ...question, logprobs: true, top_logprobs: 2, max_tokens: 5 };
    const whole = await client.chat.completions.create(body);
    const tokens = whole.choices[0]?.logprobs?.content ?? [];
    expect(tokens.map(({ token }) => token).join("")).toBe(whole.choices[0]?.message.content);
    expect(tokens.map(({ top_logprobs: top }) => top.length)).toEqual(tokens.map(() => 2));
    // At temperature 0 the likeliest is drawn.
    expect(tokens.map(({ top_logprobs: [first] }) => first?.token)).toEqual(tokens.map(({ token }) => token));
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]?.logprobs?.content).toEqual(tokens);
  });

  test("goes on with raw text: whole, streamed, of several prompts, by token ids and with an echo", async () => {
    const body = { model: "demo", prompt: "Once upon a time", temperature: 0, max_tokens: 12 };
    const whole = await client.completions.create(body);
    const here = await stage.demo.completions.complete({ prompt: body.prompt, temperature: 0, maxTokens: 12 });
    expect(whole.choices).toMatchObject([{ text: here.choices[0].text, finish_reason: "length" }]);
    expect(whole.usage).toMatchObject({ completion_tokens: 12 });

    let text = "";
    for await (const { choices } of await client.completions.create({ ...body, stream: true }))
      text += choices[0]?.text;
    expect(text).toBe(here.choices[0].text);

    const two = await client.completions.create({ ...body, prompt: [body.prompt, "The fox"] });
    expect(two.choices.map(({ index }) => index)).toEqual([0, 1]);
    expect(two.choices[0]?.text).toBe(here.choices[0].text);

    const prompt = await stage.demo.tokenize(body.prompt);
    const byIds = await client.completions.create({ ...body, prompt, echo: true });
    expect(byIds.choices[0]?.text).toBe(body.prompt + here.choices[0].text);
    const likely = await client.completions.create({ ...body, logprobs: 2 });
    const { tokens = [], text_offset: offsets, top_logprobs: top } = likely.choices[0]?.logprobs ?? {};
    expect(tokens.join("")).toBe(here.choices[0].text);
    expect(offsets).toEqual(tokens.map((_, at) => tokens.slice(0, at).join("").length));
    expect(top?.map((others) => Object.keys(others).length)).toEqual(tokens.map(() => 2));
  });

  test("embeds in base64, as floats of 32 bits, little-endian", async () => {
    const body = { model: "demo", input: ["The moon."] };
    const here = await stage.demo.embeddings.create({ inputs: body.input });
    // Which it asks for by itself, and reads.
    const byDefault = await client.embeddings.create(body);
    expect(Float32Array.from(byDefault.data[0]?.embedding ?? [])).toEqual(
      Float32Array.from(here.data[0]?.embedding ?? []),
    );
    const raw = await client.embeddings.create({ ...body, encoding_format: "base64" });
    const bytes = Buffer.from(raw.data[0]?.embedding as unknown as string, "base64");
    expect(bytes.readFloatLE(4)).toBe(here.data[0]?.embedding[1]);
    expect(raw.usage).toEqual({
      prompt_tokens: here.usage?.promptTokens,
      completion_tokens: 0,
      total_tokens: here.usage?.promptTokens,
    });
  });

  test("retrieves a model by its name", async () => {
    expect(await client.models.retrieve("demo")).toMatchObject({ id: "demo", object: "model", owned_by: "wick" });
    await expect(client.models.retrieve("no/body")).rejects.toBeInstanceOf(NotFoundError);
  });

  test("takes what newer and older programs send", async () => {
    const { choices } = await client.chat.completions.create({
      model: "demo",
      messages: [
        { role: "developer", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: france }] },
      ],
      temperature: 0,
      max_completion_tokens: 20,
      stop: null,
      store: false,
      service_tier: "auto",
      parallel_tool_calls: true,
      metadata: { run: "7" },
      user: "mia",
      prompt_cache_key: "key",
      verbosity: "low",
      prediction: { type: "content", content: "The capital" },
    });
    expect(choices[0]?.message.content).toBe("The capital of France is Paris.");
  });

  test("raises the class of each status, with what is wrong and the request's id", async () => {
    const wrong = await client.chat.completions
      .create({ ...question, messages: user(france), top_p: 7 })
      .catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(BadRequestError);
    expect(wrong).toMatchObject({ param: "top_p", code: "invalid_request", type: "invalid_request_error" });
    const [exchange] = (await stage.server.exchanges()).slice(-1);
    expect(wrong).toMatchObject({ requestID: exchange?.headers["x-request-id"] });
    const keyless = openaiOf({ ...stage.server.connection, apiKey: "sk-wrong-0123456789" });
    await expect(keyless.models.list()).rejects.toBeInstanceOf(AuthenticationError);
    const deep = client.chat.completions.create({
      ...question,
      tools: [{ type: "function", function: { name: "a b" } }],
    });
    await expect(deep).rejects.toMatchObject({ param: "tools[0].function.name" });
    const huge = client.chat.completions.create({ ...question, messages: user("x".repeat(9_000_000)) });
    await expect(huge).rejects.toMatchObject({ status: 413, code: "too_large" });
    for (const name of ["functions", "web_search_options", "audio"]) {
      const refused = client.chat.completions.create({ ...question, [name]: {} } as never);
      await expect(refused).rejects.toMatchObject({ status: 400, code: "unsupported", param: name });
    }
  });

  test("keeps what came of an answer that fails whole, and does not ask again", async () => {
    const error = { code: "numeric_error", message: "A logit is no number." } as const;
    const script = stage.script([{ text: ["The sky ", "is "], end: { kind: "model_error", error } }]);
    const failed = await openaiOf(stage.server.retrying(2))
      .chat.completions.create({ model: "scripted", messages: user(script.words) })
      .catch((caught: unknown) => caught);
    expect(failed).toBeInstanceOf(InternalServerError);
    const [exchange] = (await stage.server.exchanges()).slice(-1);
    expect(JSON.parse(exchange?.body ?? "")).toMatchObject({
      partial: { choices: [{ message: { content: "The sky is " } }] },
    });
    expect(script.asked).toHaveLength(1);
  });

  test("is read through a tee, and as a stream of bytes", async () => {
    const body = { ...question, messages: user(france), stream: true as const };
    const [left, right] = (await client.chat.completions.create(body)).tee();
    const texts = [left, right].map(async (stream) => {
      let text = "";
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
      return text;
    });
    expect(await Promise.all(texts)).toEqual(["The capital of France is Paris.", "The capital of France is Paris."]);
    const bytes = (await client.chat.completions.create(body)).toReadableStream();
    expect(await new Response(bytes).text()).toContain('"finish_reason":"stop"');
  });

  test("a crowd before an engine of one place: all are answered, since they come again", async () => {
    await using model = await Model.load(demoModel(), { maxSequences: 1, maxQueue: 1 });
    await using server = await Served.start({ models: { demo: model } });
    const crowd = openaiOf(server.retrying(10));
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        crowd.chat.completions.create({ ...question, messages: user("Count from 1 to 900.") }),
      ),
    );
    expect(new Set(answers.map(({ choices }) => choices[0]?.message.content)).size).toBe(1);
    const statuses = (await server.exchanges()).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(6);
    expect(statuses).toContain(429);
    await server.checkWire();
  });
});
