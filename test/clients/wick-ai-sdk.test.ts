import { wick, wickEmbedding } from "@wick/ai-sdk";
import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model } from "wick";
import { connectAiSdk } from "./ai-sdk.ts";
import { demo } from "./cases.ts";
import { describeClient } from "./describe-client.ts";
import { requestOf } from "./question.ts";
import { untilIdle } from "./stage.ts";
import { wickAiSdk } from "./wick-ai-sdk.ts";

describeClient(wickAiSdk);

describe("ai with @wick/ai-sdk, over a model of its own process", () => {
  let model: Model;
  beforeAll(async () => {
    model = await Model.load(demoModel());
  });
  afterAll(() => model.close());
  const local = () =>
    connectAiSdk(
      { url: "", apiKey: "", retries: 0 },
      { language: () => wick(model), embedding: () => wickEmbedding(model) },
    );

  test.each([
    demo("What is the capital of France?"),
    demo("Which is bigger: 12 or 8?", { effort: "high" }),
    demo("Count from 1 to 900.", { maxTokens: 7 }),
    demo("Tell me of Paris.", {
      schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    }),
  ])("says what a server says: $messages.0.content", async (question) => {
    const { choices, usage } = await model.chat.complete(requestOf(question));
    const [{ message, finishReason }] = choices;
    const expected = {
      text: message.content,
      reasoning: message.reasoningContent ?? "",
      finishReason,
      usage: { promptTokens: usage?.promptTokens, completionTokens: usage?.completionTokens },
      failure: undefined,
    };
    expect(await local().complete(question)).toMatchObject(expected);
    expect(await local().stream(question)).toMatchObject(expected);
  });

  test("is told of what is wrong, and stops by its signal", async () => {
    const refused = await local().complete(demo("sea ".repeat(3000)));
    expect(refused).toMatchObject({ failure: { code: "context_overflow" } });
    const controller = new AbortController();
    const question = demo("Count from 1 to 900.", { maxTokens: 1900 });
    const outcome = await local().stream(question, { signal: controller.signal, onPiece: () => controller.abort() });
    await untilIdle(model);
    expect(outcome.pieces).toBeGreaterThan(0);
    expect(outcome.finishReason).toBeUndefined();
  });

  test("embeds as the library does", async () => {
    const { data } = await model.embeddings.create({ inputs: ["The moon."] });
    expect(await local().embed?.("demo", ["The moon."])).toEqual(data.map(({ embedding }) => [...embedding]));
  });
});
