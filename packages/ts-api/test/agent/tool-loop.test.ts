import { describe, expect, test } from "vitest";
import { type ChatRequest, type ExecutableTool, type FunctionTool, type Tool, tool } from "wick";
import { scriptedModel } from "wick/testing";
import { call, collected, completionOf, phases, rounds } from "./agent-runs.js";

const messages = [{ role: "user" as const, content: "What is the weather?" }];
const object = { type: "object" } as const;
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] } as const;
const weather = tool({
  name: "weather",
  description: "Weather of a city",
  parameters: city,
  execute: (input) => ({ sky: "clear", ...(input as object) }),
});
const plain: FunctionTool = { type: "function", function: { name: "plain", parameters: object } };
const named = (name: string, execute: () => unknown): ExecutableTool =>
  tool({ name, description: name, parameters: object, execute });

describe("rounds", () => {
  test("a tool runs, and the model goes on with what it gave", async () => {
    const model = scriptedModel({ replies: rounds([call("weather", { city: "Paris" })]) });
    const responses = await collected(model.chat.stream({ messages, tools: [weather] }));
    expect(phases(responses)).toEqual(["0 weather calling", '0 weather complete {"sky":"clear","city":"Paris"}']);
    expect(responses.flatMap((response) => (response.kind === "chunk" ? [response.round] : []))).toEqual([0, 1, 1, 1]);
    const { choices, transcript, usage } = completionOf(responses);
    expect(choices).toMatchObject([{ finishReason: "stop", message: { content: "That is it." } }]);
    expect(transcript).toEqual([
      { role: "assistant", content: "", toolCalls: [call("weather", { city: "Paris" })] },
      { role: "tool", toolCallId: "id-weather", name: "weather", content: '{"sky":"clear","city":"Paris"}' },
      { role: "assistant", content: "That is it." },
    ]);
    expect(model.calls.map(({ request }) => request)).toMatchObject([
      { messages, tools: [{ type: "function", function: { name: "weather", parameters: city } }] },
      { messages: [...messages, ...(transcript ?? []).slice(0, 2)] },
    ]);
    const [first, second] = await Promise.all([
      scriptedModel({ replies: rounds([call("weather", { city: "Paris" })]) }).chat.complete({ messages }),
      scriptedModel({ replies: ["That is it."] }).chat.complete({
        messages: [...messages, ...(transcript ?? []).slice(0, 2)],
      }),
    ]);
    expect(usage?.completionTokens).toBe((first.usage?.completionTokens ?? 0) + (second.usage?.completionTokens ?? 0));
  });

  test("complete gives the same, and the transcript goes on a conversation", async () => {
    const model = scriptedModel({
      replies: rounds([call("weather", { city: "Rome" })], [call("weather", { city: "Bern" })]),
    });
    const { transcript = [] } = await model.chat.complete({ messages, tools: [weather] });
    expect(transcript.map(({ role }) => role)).toEqual(["assistant", "tool", "assistant", "tool", "assistant"]);
    const request: ChatRequest = { messages: [...messages, ...transcript] };
    expect((await model.chat.complete(request)).choices[0].message.content).toBe("That is it.");
  });

  test("every call of a round runs, in the order of the calls in what the model reads", async () => {
    const slow = tool({
      name: "slow",
      description: "Waits",
      parameters: object,
      execute: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return "slow";
      },
    });
    const fast = named("fast", () => "fast");
    const model = scriptedModel({ replies: rounds([call("slow", {}), call("fast", {})]) });
    const responses = await collected(model.chat.stream({ messages, tools: [slow, fast] }));
    expect(phases(responses)).toEqual([
      "0 slow calling",
      "0 fast calling",
      "0 fast complete fast",
      "0 slow complete slow",
    ]);
    expect(completionOf(responses).transcript?.slice(1, 3)).toMatchObject([{ content: "slow" }, { content: "fast" }]);
  });

  test.each([
    [undefined, 4],
    [false, 1],
  ])("parallelToolCalls: %s runs %i at once", async (parallelToolCalls, most) => {
    let [now, peak] = [0, 0];
    const counting = tool({
      name: "counting",
      description: "Counts",
      parameters: object,
      execute: async () => {
        now += 1;
        peak = Math.max(peak, now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
      },
    });
    const calls = Array.from({ length: 9 }, (_, index) => call("counting", {}, `id-${index}`));
    const model = scriptedModel({ replies: rounds(calls) });
    await model.chat.complete({ messages, tools: [counting], parallelToolCalls });
    expect([peak, now]).toEqual([most, 0]);
    expect(model.calls[0]?.request).not.toHaveProperty("parallelToolCalls");
  });

  test("maxToolRounds: what the model calls beyond goes back to the program", async () => {
    for (const [maxToolRounds, ran] of [
      [undefined, 8],
      [2, 2],
    ] as const) {
      let count = 0;
      const counting = named("counting", () => (count += 1));
      const model = scriptedModel({ replies: [{ toolCalls: [call("counting", {})] }] });
      const { choices, transcript } = await model.chat.complete({ messages, tools: [counting], maxToolRounds });
      expect([count, model.calls.length]).toEqual([ran, ran + 1]);
      expect(choices[0]).toMatchObject({ finishReason: "tool_calls", message: { toolCalls: [{}] } });
      expect(transcript?.at(-1)).toEqual(choices[0].message);
    }
  });

  test("a turn with tools of both kinds ends, with what ran in the transcript", async () => {
    const calls = [call("plain", {}), call("weather", { city: "Paris" })];
    const model = scriptedModel({ replies: rounds(calls) });
    const { choices, transcript } = await model.chat.complete<Tool>({ messages, tools: [weather, plain] });
    expect(choices[0]).toMatchObject({ finishReason: "tool_calls", message: { toolCalls: calls } });
    expect(transcript).toMatchObject([{ toolCalls: calls }, { role: "tool", toolCallId: "id-weather" }]);
    expect(model.calls).toHaveLength(1);
  });

  test("a forced call is forced once", async () => {
    const replies = rounds([call("weather", { city: "Paris" })]);
    const forced = { type: "function", function: { name: "weather" } } as const;
    for (const toolChoice of ["required", "any", forced] as const) {
      const model = scriptedModel({ replies });
      await model.chat.complete({ messages, tools: [weather], toolChoice });
      expect(model.calls.map(({ request }) => "toolChoice" in request)).toEqual([true, false]);
    }
  });

  test("an answer without calls is one round, as if there were no tools", async () => {
    const model = scriptedModel({ replies: ["Hi."] });
    const { transcript, choices } = await model.chat.complete({ messages, tools: [weather] });
    expect(transcript).toEqual([choices[0].message]);
  });
});

describe("what goes wrong is told the model and the stream, and the run goes on", () => {
  const outcome = async (name: string, input: unknown, tools: readonly ExecutableTool[]) => {
    const model = scriptedModel({ replies: rounds([call(name, input)]) });
    const responses = await collected(model.chat.stream({ messages, tools }));
    const [, result] = completionOf(responses).transcript ?? [];
    return [phases(responses).at(-1), result?.content];
  };

  test("arguments that are no JSON, or do not fit", async () => {
    expect(await outcome("weather", '{"city": ', [weather])).toEqual([
      "0 weather failed output_invalid",
      "Error: The arguments are no JSON object.",
    ]);
    expect(await outcome("weather", "[1]", [weather])).toMatchObject(["0 weather failed output_invalid", {}]);
    const [phase, told] = await outcome("weather", { city: 7 }, [weather]);
    expect(phase).toBe("0 weather failed output_invalid");
    expect(told).toMatch(/city.*string/s);
    expect((await outcome("weather", {}, [weather]))[1]).toMatch(/city/);
  });

  test("a tool that is not there", async () => {
    expect(await outcome("other", {}, [weather])).toEqual([
      "0 other failed not_found",
      'Error: There is no tool "other".',
    ]);
  });

  test("a tool that throws, at once, later, or what is no error", async () => {
    const failing = named("failing", () => {
      throw new Error("no network");
    });
    expect(await outcome("failing", {}, [failing])).toEqual(["0 failing failed tool_failed", "Error: no network"]);
    const later = named("later", async () => Promise.reject(new Error("later")));
    expect(await outcome("later", {}, [later])).toEqual(["0 later failed tool_failed", "Error: later"]);
    const odd = named("odd", async () => Promise.reject("odd"));
    expect(await outcome("odd", {}, [odd])).toEqual(["0 odd failed tool_failed", "Error: odd"]);
  });

  test("a tool that hangs: its time is up, and its signal fires", async () => {
    let reason: unknown;
    const hanging = tool({
      name: "hanging",
      description: "Hangs",
      parameters: object,
      timeoutMs: 20,
      execute: (_, { signal }) =>
        new Promise(() => {
          signal.addEventListener("abort", () => (reason = signal.reason));
        }),
    });
    const [phase, told] = await outcome("hanging", {}, [hanging]);
    expect([phase, told]).toEqual(["0 hanging failed timeout", "Error: The tool did not end within 20 ms."]);
    expect(reason).toBeInstanceOf(Error);
  });

  test("a result that is no JSON", async () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    for (const value of [circular, 1n, () => 1]) {
      const [phase] = await outcome("odd", {}, [named("odd", () => value)]);
      expect(phase).toBe("0 odd failed tool_failed");
    }
  });

  test("the model failing in a later round: the part before it is kept", async () => {
    for (const [kind, code] of [
      ["model_error", "engine_failed"],
      ["internal_error", "internal"],
      ["validation_error", "context_overflow"],
    ] as const) {
      const replies = [
        { toolCalls: [call("weather", { city: "Paris" })] },
        { text: "So it", end: { kind, error: { code } } },
      ];
      const model = scriptedModel({ replies });
      const last = (await collected(model.chat.stream({ messages, tools: [weather] }))).at(-1);
      expect(last).toMatchObject({
        kind: kind === "validation_error" ? "internal_error" : kind,
        error: { code },
        partial: { transcript: [{ role: "assistant" }, { role: "tool" }, { role: "assistant" }] },
      });
    }
  });
});

describe("what tools give", () => {
  const given = async (execute: () => unknown) => {
    const model = scriptedModel({ replies: rounds([call("giving", {})]) });
    const responses = await collected(model.chat.stream({ messages, tools: [named("giving", execute)] }));
    const [, result] = completionOf(responses).transcript ?? [];
    return { phases: phases(responses), content: result?.content };
  };

  test("text, JSON, nothing", async () => {
    expect((await given(() => "text")).content).toBe("text");
    expect((await given(() => [1, { a: null }])).content).toBe('[1,{"a":null}]');
    expect((await given(() => null)).content).toBe("null");
    expect((await given(() => {})).content).toBe("");
  });

  test("pieces, as they come", async () => {
    const { phases: told, content } = await given(async function* () {
      yield "a";
      yield "";
      yield { b: 1 };
    });
    expect(told).toEqual([
      "0 giving calling",
      "0 giving output a",
      '0 giving output {"b":1}',
      '0 giving complete a{"b":1}',
    ]);
    expect(content).toBe('a{"b":1}');
  });

  test("10 MB, halves of characters, and what spells a control token: text, whole", async () => {
    expect((await given(() => "x".repeat(1e7))).content).toHaveLength(1e7);
    expect((await given(() => "a\ud83d b\ude00 😀")).content).toBe("a\uFFFD b\uFFFD 😀");
    expect((await given(() => "<|im_end|>")).content).toBe("<|im_end|>");
  });

  test("what another call of the same model says", async () => {
    const model = scriptedModel({
      replies: (_, index) => (index === 0 ? { toolCalls: [call("asking", {})] } : index === 1 ? "Inner." : "Outer."),
    });
    const asking = named("asking", async () => (await model.chat.complete({ messages })).choices[0].message.content);
    const { transcript } = await model.chat.complete({ messages, tools: [asking] });
    expect(transcript?.map(({ content }) => content)).toEqual(["", "Inner.", "Outer."]);
  });
});

describe("requests that cannot run", () => {
  test.each<[string, object, string]>([
    ["n", { n: 2 }, "n"],
    ["maxToolRounds", { maxToolRounds: 0 }, "maxToolRounds"],
    ["maxToolRounds", { maxToolRounds: 1.5 }, "maxToolRounds"],
    ["onApproval", { onApproval: "yes" }, "onApproval"],
    ["parallelToolCalls", { parallelToolCalls: 1 }, "parallelToolCalls"],
    ["messages", { messages: [{ role: "user", content: 1n }] }, "messages[0].content"],
  ])("%s: %o", async (_, fields, where) => {
    const model = scriptedModel({ replies: ["Hi."] });
    const responses = await collected(model.chat.stream({ messages, tools: [weather], ...fields } as never));
    expect(responses).toMatchObject([{ kind: "validation_error", error: { code: "invalid_request", where } }]);
    expect(model.calls).toEqual([]);
  });

  test.each([{ timeoutMs: -1 }, { timeout: 5 }, { signal: "no" }])("options: %o", async (options) => {
    const model = scriptedModel({ replies: ["Hi."] });
    const responses = await collected(model.chat.stream({ messages, tools: [weather] }, options as never));
    expect(responses).toMatchObject([{ kind: "validation_error", error: { code: "invalid_request" } }]);
  });

  test("something that looks like a tool", async () => {
    const model = scriptedModel({ replies: ["Hi."] });
    const fake = { ...weather };
    await expect(model.chat.complete({ messages, tools: [fake] })).rejects.toMatchObject({
      code: "invalid_request",
      info: { where: "tools[0]", message: expect.stringContaining("tool()") },
    });
  });

  test.each<[object, string]>([
    [{ name: 7 }, "definition"],
    [{ execute: "x" }, "definition.execute"],
    [{ needsApproval: "yes" }, "definition.needsApproval"],
    [{ timeoutMs: 0 }, "definition.timeoutMs"],
    [{ timeoutMs: 2 ** 32 }, "definition.timeoutMs"],
  ])("a definition with %o", (fields, where) => {
    const definition = { name: "f", description: "F", parameters: object, execute: () => 1, ...fields };
    expect(() => tool(definition as never)).toThrow(
      expect.objectContaining({ code: "invalid_request", info: expect.objectContaining({ where }) }),
    );
  });
});
