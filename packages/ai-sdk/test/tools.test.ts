import { describe, expect, test } from "vitest";
import { z } from "zod";
import { quietWarnings, read, scripted, versions } from "./versions.ts";

quietWarnings();

const call = (id: string, name: string, input: unknown) => ({
  id,
  type: "function" as const,
  function: { name, arguments: typeof input === "string" ? input : JSON.stringify(input) },
});

describe.each(versions)("$name", ({ ai }) => {
  const weather = ai.tool({
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      if (city === "Nowhere") throw new Error("No such city.");
      return { city, celsius: 19 };
    },
  });
  const tools = { weather };

  test("calls several at once, in steps, and the model reads what each gave", async () => {
    const { model, languageModel } = scripted({
      replies: [
        {
          reasoning: "Both.",
          text: "I ask.",
          toolCalls: [call("a", "weather", { city: "Paris" }), call("b", "weather", { city: "Nowhere" })],
        },
        { toolCalls: [call("c", "weather", { city: "Rome" })] },
        "19 °C in both.",
      ],
    });
    const result = ai.streamText({
      model: languageModel,
      tools,
      prompt: "Paris and Rome?",
      stopWhen: ai.stepCountIs(5),
    });
    const parts = await read(result.fullStream);
    expect(parts.filter(({ type }) => type === "finish-step")).toHaveLength(3);
    expect(parts.filter(({ type }) => type === "tool-result")).toHaveLength(2);
    expect(parts.filter(({ type }) => type === "tool-error")).toHaveLength(1);
    expect(await result.text).toBe("19 °C in both.");
    expect((await result.totalUsage).outputTokens).toBe(10);
    const last = model.calls[2];
    expect(last?.kind === "chat" && last.request.messages).toEqual([
      { role: "user", content: "Paris and Rome?" },
      {
        role: "assistant",
        content: "I ask.",
        reasoningContent: "Both.",
        toolCalls: [call("a", "weather", { city: "Paris" }), call("b", "weather", { city: "Nowhere" })],
      },
      // The SDK has the errors first.
      { role: "tool", toolCallId: expect.any(String), name: "weather", content: expect.any(String) },
      { role: "tool", toolCallId: expect.any(String), name: "weather", content: expect.any(String) },
      { role: "assistant", content: "", toolCalls: [call("c", "weather", { city: "Rome" })] },
      { role: "tool", toolCallId: "c", name: "weather", content: '{"city":"Rome","celsius":19}' },
    ]);
    const answers = last?.kind === "chat" ? last.request.messages.filter(({ role }) => role === "tool") : [];
    expect(answers).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ toolCallId: "a", content: '{"city":"Paris","celsius":19}' }),
        expect.objectContaining({ toolCallId: "b", content: expect.stringContaining("No such city.") }),
      ]),
    );
  });

  test("tells the model what was wrong with its arguments", async () => {
    const { model, languageModel } = scripted({
      replies: [{ toolCalls: [call("a", "weather", '{"city": 7}'), call("b", "weather", '{"city": "Par')] }, "I see."],
    });
    const { text, steps } = await ai.generateText({
      model: languageModel,
      tools,
      prompt: "Weather?",
      stopWhen: ai.stepCountIs(2),
    });
    expect(text).toBe("I see.");
    expect(steps[0]?.toolCalls).toMatchObject([{ invalid: true }, { invalid: true }]);
    const second = model.calls[1];
    const messages = second?.kind === "chat" ? second.request.messages : [];
    expect(messages.filter(({ role }) => role === "tool")).toMatchObject([
      { toolCallId: "a", content: expect.stringContaining("Invalid input") },
      { toolCallId: "b", content: expect.stringContaining("Invalid input") },
    ]);
  });

  test("repairs a call", async () => {
    const { languageModel } = scripted({ replies: [{ toolCalls: [call("a", "weather", '{"city": "Par')] }] });
    const { toolResults } = await ai.generateText({
      model: languageModel,
      tools,
      prompt: "Weather?",
      experimental_repairToolCall: async ({ toolCall }) => ({ ...toolCall, input: `${toolCall.input}is"}` }),
    });
    expect(toolResults).toMatchObject([{ output: { city: "Paris" } }]);
  });

  test("runs nothing of an answer that failed", async () => {
    const ran: string[] = [];
    const watched = {
      weather: ai.tool({
        inputSchema: z.object({ city: z.string() }),
        execute: async ({ city }) => {
          ran.push(city);
          return "19 °C";
        },
      }),
    };
    const end = { kind: "model_error" as const, after: 1, error: { code: "numeric_error" as const } };
    const toolCalls = [call("a", "weather", { city: "Paris" }), call("b", "weather", { city: "Rome" })];
    const { languageModel } = scripted({ replies: [{ toolCalls, end }] });
    const result = ai.streamText({ model: languageModel, tools: watched, prompt: "Weather?", onError: () => {} });
    await result.consumeStream();
    expect(await result.finishReason).toBe("error");
    expect(ran).toEqual([]);
  });
});
