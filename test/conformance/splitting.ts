import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatResponse, FunctionTool, Model } from "wick";
import { collect, doneOf, textOf } from "./chunks.ts";
import type { DemoSubject } from "./request-options.ts";

const weather: FunctionTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get the weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

const deltasOf = (responses: readonly ChatResponse[]) =>
  responses.flatMap((response) => (response.kind === "chunk" ? [response.choices[0].delta] : []));

/** What a model writes besides its answer, and where it goes. */
export function describeSplitting({ name, load }: DemoSubject): void {
  describe(`what is beside the answer: ${name}`, () => {
    let model: Model;
    beforeAll(async () => {
      model = await load();
    });
    afterAll(() => model.close());

    test("a tool call leaves the text, whole and with arguments in JSON", async () => {
      const messages = [{ role: "user" as const, content: "What is the weather in Paris?" }];
      const responses = await collect(model.chat.stream({ messages, tools: [weather], temperature: 0 }));
      const [{ message, finishReason }] = doneOf(responses).choices;
      expect(finishReason).toBe("tool_calls");
      expect(message.content).toBe("");
      expect(textOf(responses)).toBe("");
      expect(message.toolCalls).toMatchObject([{ type: "function", function: { name: "get_weather" } }]);
      expect(JSON.parse(message.toolCalls?.[0]?.function.arguments ?? "")).toEqual({ city: "Paris" });
      const parts = deltasOf(responses).flatMap(({ toolCalls = [] }) => toolCalls);
      expect(parts[0]).toMatchObject({ index: 0, id: message.toolCalls?.[0]?.id, function: { name: "get_weather" } });
      expect(parts.map((part) => part.function?.arguments ?? "").join("")).toBe(
        message.toolCalls?.[0]?.function.arguments,
      );
    });

    test("toolFormat says how calls are written; in another form they are text", async () => {
      const request = {
        messages: [{ role: "user" as const, content: "What is the weather in Paris?" }],
        tools: [weather],
        temperature: 0,
      };
      await using same = await load({ toolFormat: "hermes" });
      expect((await same.chat.complete(request)).choices[0].finishReason).toBe("tool_calls");
      await using other = await load({ toolFormat: "mistral" });
      const [{ message, finishReason }] = (await other.chat.complete(request)).choices;
      expect([finishReason, message.toolCalls]).toEqual(["stop", undefined]);
      expect(message.content).toContain('{"name": "get_weather"');
      await expect(load({ toolFormat: "xml" as never })).rejects.toMatchObject({
        code: "invalid_request",
        info: { where: "options.toolFormat", message: expect.stringContaining("qwen_coder") },
      });
    });

    test("reasoning.maxTokens ends it, and the answer follows", async () => {
      const messages = [{ role: "user" as const, content: "Which is bigger: 12 or 8?" }];
      const bounded = async (maxTokens?: number, of = model) => {
        const request = { messages, temperature: 0, maxTokens: 120 };
        const { choices, usage } = await of.chat.complete({ ...request, reasoning: { effort: "high", maxTokens } });
        const [{ message, finishReason }] = choices;
        return { ...message, finishReason, reasoningTokens: usage?.reasoningTokens ?? 0 };
      };
      const free = await bounded();
      const most = free.reasoningTokens;
      expect(most).toBeGreaterThan(8);
      // More than it needs changes nothing.
      expect(await bounded(most + 1)).toEqual(free);
      for (const limit of [5, 1, 0]) {
        const { reasoningContent = "", reasoningTokens, content, finishReason } = await bounded(limit);
        expect(free.reasoningContent?.startsWith(reasoningContent)).toBe(true);
        // What ends it are tokens of it, too.
        expect(reasoningTokens).toBeGreaterThanOrEqual(limit);
        expect(reasoningTokens).toBeLessThanOrEqual(limit + 3);
        expect([content.length > 0, finishReason]).toEqual([true, "stop"]);
        // Drafted or not, with the same bytes.
        await using drafting = await load({ speculation: "ngram" });
        expect((await bounded(limit, drafting)).content).toBe(content);
      }
    });

    test("reasoning leaves the answer, delta by delta", async () => {
      const messages = [{ role: "user" as const, content: "Which is bigger: 12 or 8?" }];
      const responses = await collect(
        model.chat.stream({ messages, reasoning: { effort: "high" }, temperature: 0, maxTokens: 120 }),
      );
      const [{ message }] = doneOf(responses).choices;
      const thoughts = deltasOf(responses).map(({ reasoningContent = "" }) => reasoningContent);
      expect(thoughts.filter((thought) => thought !== "").length).toBeGreaterThan(5);
      expect(thoughts.join("")).toBe(message.reasoningContent);
      expect(textOf(responses)).toBe(message.content);
      expect(message.content).toContain("12");
      expect(message.content + message.reasoningContent).not.toMatch(/<\/?think>/);
    });
  });
}
