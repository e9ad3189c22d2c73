import { describe, expect, test } from "vitest";
import { type Cases, demo, expectSame, user } from "./cases.ts";
import type { Mode } from "./client.ts";
import { requestOf } from "./question.ts";

const weather = {
  name: "get_weather",
  description: "Get the weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};
const city = {
  type: "object",
  properties: {
    city: { type: "string", maxLength: 24 },
    tags: { type: "array", items: { type: "string", maxLength: 12 }, maxItems: 3 },
  },
  required: ["city", "tags"],
  additionalProperties: false,
};
const call = (id: string, args: string) => ({
  id,
  type: "function" as const,
  function: { name: "get_weather", arguments: args },
});
const answered = (id: string, content: string) => ({
  role: "tool" as const,
  toolCallId: id,
  name: "get_weather",
  content,
});

/** What readers of lines, of JSON and of UTF-8 stumble over. */
const hostile = [
  "é€😀",
  "👩‍👩‍👧",
  "\r\n",
  "\n\n",
  "data: [DONE]\n\n",
  "event: error\n",
  ": comment\n\n",
  "\u2028\u2029\u0085",
  '"}\\\\n',
  "\uFEFF",
  "<|im_end|>",
  "\u0001\u007F",
  "x".repeat(100_000),
  " end ",
];

/** Questions that are answered. */
export function describeAnswers(cases: Cases): void {
  describe.each(cases.modes)("%s", (mode) => {
    describeTexts(cases, mode);
    describeTools(cases, mode);
  });

  const { embed, models } = cases.client.connect({ url: "http://127.0.0.1:9", apiKey: "none", retries: 0 });

  test("embeds as the library does", async ({ skip }) => {
    skip(embed === undefined, "it has no such call");
    const { server, demo: here } = cases.stage;
    const inputs = ["Mia the fox went home.", "The moon.", "é€😀"];
    const vectors = await cases.client.connect(server.connection).embed?.("demo", inputs);
    const { data } = await here.embeddings.create({ inputs });
    // Bit by bit, as floats of 32 bits: on their way they were decimals or base64.
    expect(vectors?.map((vector) => Float32Array.from(vector))).toEqual(
      data.map(({ embedding }) => Float32Array.from(embedding)),
    );
  });

  test("lists the models", async ({ skip }) => {
    skip(models === undefined, "it has no such call");
    const listed = await cases.client.connect(cases.stage.server.connection).models?.();
    expect(listed).toEqual(["demo", "scripted", "endless"]);
  });
}

function describeTexts(cases: Cases, mode: Mode): void {
  test.each(["What is the capital of France?", "How does a battery work, in short?", "Echo: 🦊 näh"])(
    "%s: says what the library says",
    async (content) => {
      const { choices } = await expectSame(cases, mode, demo(content));
      expect(choices[0].message.content).not.toBe("");
    },
  );

  test("goes on with a conversation", async () => {
    const messages = [
      { role: "system" as const, content: "Be brief." },
      user("My name is Zeynep."),
      { role: "assistant" as const, content: "Nice to meet you, Zeynep!" },
      user("Do you remember my name?"),
    ];
    const { choices } = await expectSame(cases, mode, demo("", { messages }));
    expect(choices[0].message.content).toBe("Your name is Zeynep.");
  });

  test("ends for length", async (context) => {
    cases.needs(context, "length");
    const { choices } = await expectSame(cases, mode, demo("Count from 1 to 900.", { maxTokens: 7 }));
    expect(choices[0].finishReason).toBe("length");
  });

  test("ends before a stop string", async (context) => {
    cases.needs(context, "stop");
    const { choices } = await expectSame(cases, mode, demo("What is the capital of France?", { stop: [" Paris"] }));
    expect(choices[0].message.content).toBe("The capital of France is");
  });

  test("draws the same with the same seed", async (context) => {
    cases.needs(context, "seed");
    const question = demo("Write a short story about Mia the fox.", { temperature: 1, seed: 7, maxTokens: 400 });
    const { choices } = await expectSame(cases, mode, question);
    expect(choices[0].message.content).toContain("Once");
  });

  test("answers in JSON of a schema", async () => {
    const { choices } = await expectSame(cases, mode, demo("Tell me of Paris.", { schema: city, maxTokens: 120 }));
    const value: unknown = JSON.parse(choices[0].message.content);
    expect(value).toEqual({ city: expect.any(String) as string, tags: expect.any(Array) as string[] });
  });

  test("hands on what the model thought", async (context) => {
    cases.needs(context, "reasoning");
    const { choices } = await expectSame(cases, mode, demo("Which is bigger: 12 or 8?", { effort: "high" }));
    expect(choices[0].message.reasoningContent).toContain("12");
  });

  test("reads and sends text of any kind as it is", async () => {
    const text = hostile.join("");
    const script = cases.stage.script([{ text: hostile }]);
    const question = script.question({ messages: [user(`${script.words}${text}`)] });
    expect(await cases.ask(mode, question)).toMatchObject({ text, failure: undefined });
    expect(plain(script.asked[0]?.messages)).toEqual(question.messages);
  });

  test("asks several at once, each with its own answer", async () => {
    const names = ["France", "Italy", "Spain", "Japan", "Egypt", "Peru"];
    const questions = names.map((name) => demo(`What is the capital of ${name}?`));
    const outcomes = await Promise.all(questions.map((question) => cases.ask(mode, question)));
    const { chat } = cases.stage.demo;
    const answers = await Promise.all(questions.map((question) => chat.complete(requestOf(question))));
    const texts = outcomes.map(({ text }) => text);
    expect(texts).toEqual(answers.map(({ choices: [{ message }] }) => message.content));
    expect(new Set(texts).size).toBe(questions.length);
  });
}

function describeTools(cases: Cases, mode: Mode): void {
  test("calls a tool, and answers with what it said", async () => {
    const question = demo("What is the weather in Paris?", { tools: [weather] });
    const outcome = await cases.ask(mode, question);
    const id = expect.stringMatching(/^[a-z0-9]{9}$/i) as string;
    expect(outcome).toMatchObject({
      text: "",
      finishReason: "tool_calls",
      calls: [{ id, name: "get_weather", arguments: { city: "Paris" } }],
      failure: undefined,
    });
    const [said = { id: "" }] = outcome.calls;
    const { choices } = await expectSame(cases, mode, {
      ...question,
      messages: [
        ...question.messages,
        { role: "assistant", content: "", toolCalls: [call(said.id, '{"city": "Paris"}')] },
        answered(said.id, '{"celsius": 18, "sky": "sunny"}'),
      ],
    });
    expect(choices[0].message.content).toContain("18");
  });

  test("calls two tools behind a text, all of which the model gets back", async () => {
    const calls = [call("a1B2c3D4e", '{"city":"Zürich, \\"ZH\\" 😀","days":[1,2.5,null]}'), call("Z9y8X7w6V", "{}")];
    const script = cases.stage.script([{ text: "Let me look.", toolCalls: calls }, "Both are sunny."]);
    const question = script.question({ tools: [weather], toolChoice: "required" });
    expect(await cases.ask(mode, question)).toMatchObject({
      text: "Let me look.",
      finishReason: "tool_calls",
      calls: [
        { id: "a1B2c3D4e", name: "get_weather", arguments: { city: 'Zürich, "ZH" 😀', days: [1, 2.5, null] } },
        { id: "Z9y8X7w6V", name: "get_weather", arguments: {} },
      ],
    });
    const said = { role: "assistant" as const, content: "Let me look.", toolCalls: calls };
    const messages = [...question.messages, said, ...calls.map(({ id }, index) => answered(id, `sunny ${index}`))];
    const second = await cases.ask(mode, { ...question, toolChoice: "auto", messages });
    expect(second).toMatchObject({ text: "Both are sunny.", finishReason: "stop", calls: [] });
    const [one, two] = script.asked;
    const toolChoice = expect.stringMatching(/^(?:required|any)$/) as string;
    expect(one).toMatchObject({ tools: [{ function: weather }], ...(cases.has("tool choice") && { toolChoice }) });
    expect(plain(two?.messages)).toEqual(plain(messages));
  });
}

/** Messages as plain text, however a client cuts them into parts. */
function plain(messages: readonly { role: string; content?: unknown }[] = []): object[] {
  return messages.map(({ role, content = "", ...rest }) => {
    const { toolCalls, toolCallId } = rest as { toolCalls?: ReturnType<typeof call>[]; toolCallId?: string };
    return {
      role,
      content: typeof content === "string" ? content : (content as { text: string }[]).map(({ text }) => text).join(""),
      ...(toolCalls !== undefined && {
        toolCalls: toolCalls.map(({ id, function: { name, arguments: given } }) => ({
          id,
          name,
          arguments: JSON.parse(given) as unknown,
        })),
      }),
      ...(toolCallId !== undefined && { toolCallId }),
    };
  });
}
