import { describe, expect, test } from "vitest";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { defaultSettings } from "../../src/settings/settings.ts";
import { executableTools } from "../../src/tools/page-tools.ts";
import { Run } from "../../src/run/run.ts";
import { ManualClock } from "./manual-clock.ts";

const messages = [{ role: "user" as const, content: "Hi" }];

function begin(reply: ScriptedReply | readonly ScriptedReply[], tools = executableTools(defaultSettings)) {
  const clock = new ManualClock();
  const model = scriptedModel({ replies: [reply].flat() });
  const run = new Run({
    model,
    parent: "q",
    clock,
    request: tools.length === 0 ? { messages } : { messages, tools },
  });
  return { clock, model, run };
}

test("an answer is what came, with how it ended", async () => {
  const { run } = begin({ reasoning: "Hm.", text: ["The sky ", "is blue."], usage: { promptTokens: 3 } });
  expect(await run.ended).toMatchObject({
    kind: "answer",
    parent: "q",
    model: "scripted",
    parts: [
      { kind: "reasoning", text: "Hm." },
      { kind: "text", text: "The sky is blue." },
    ],
    messages: [{ role: "assistant", content: "The sky is blue.", reasoningContent: "Hm." }],
    outcome: { kind: "done", finishReason: "stop", stopReason: { kind: "eos" } },
    usage: { promptTokens: 3, completionTokens: 3 },
    firstDeltaMs: 0,
  });
  expect(run.isRunning.value).toBe(false);
  expect(run.log.total).toBe(4);
});

test("progress of the prompt is asked for", async () => {
  const { model, run } = begin({ text: "A", promptProgress: [{ processed: 1, total: 2, cached: 0 }] });
  await run.ended;
  expect(model.calls[0]?.request).toMatchObject({ promptProgress: true, messages });
  expect([...run.log.counts.keys()]).toEqual(["prompt_progress", "chunk", "done"]);
});

describe("what had come is kept", () => {
  test("when it is stopped", async () => {
    const { run } = begin({ text: ["The sky ", "is "], end: { kind: "hang" } });
    while (run.log.total < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    run.stop();
    expect(await run.ended).toMatchObject({
      parts: [{ kind: "text", text: "The sky is " }],
      messages: [{ role: "assistant", content: "The sky is " }],
      outcome: { kind: "cancelled", reason: "cancel" },
    });
  });

  test.each(["model_error", "internal_error"] as const)("when it ends with %s", async (kind) => {
    const { run } = begin({ text: ["The sky ", "is "], end: { kind, after: 1, error: { code: "numeric_error" } } });
    expect(await run.ended).toMatchObject({
      parts: [{ kind: "text", text: "The sky " }],
      messages: [{ role: "assistant", content: "The sky " }],
      outcome: { kind: "failed", of: kind, error: { code: "numeric_error" } },
    });
  });

  test("when the page goes", () => {
    const { run } = begin({ end: { kind: "hang" } });
    run.builder.add({
      kind: "chunk",
      id: "1",
      model: "m",
      created: 0,
      choices: [{ index: 0, delta: { content: "The sky" }, finishReason: null }],
    });
    expect(run.interrupted()).toMatchObject({
      id: run.id,
      parts: [{ kind: "text", text: "The sky" }],
      messages: [{ role: "assistant", content: "The sky" }],
      outcome: { kind: "interrupted" },
    });
    run.stop();
  });
});

test("a refusal has no parts", async () => {
  const { run } = begin({ end: { kind: "validation_error", error: { code: "context_overflow", where: "messages" } } });
  expect(await run.ended).toMatchObject({
    parts: [],
    messages: [],
    outcome: { kind: "failed", of: "validation_error", error: { code: "context_overflow", where: "messages" } },
  });
});

test("its end and its answer are one change", async () => {
  const clock = new ManualClock();
  const model = scriptedModel({ replies: ["A"] });
  const seen: unknown[] = [];
  const run: Run = new Run({ model, parent: "q", clock, request: { messages }, onEnd: ({ id }) => seen.push(id) });
  run.isRunning.subscribe((isRunning) => seen.push(isRunning));
  await run.ended;
  expect(seen).toEqual([true, run.id, false]);
});

describe("drawing", () => {
  test("happens once a frame, however many responses come", async () => {
    const { clock, run } = begin({ text: Array.from({ length: 500 }, () => "word ") });
    await run.ended;
    // At the end once without a frame, so that nothing is missing then.
    expect(run.frame.value).toBe(1);
    clock.frame();
    expect(run.frame.value).toBe(2);
    expect(clock.waiting).toBe(0);
  });

  test("takes the text apart", async () => {
    const { run } = begin({ text: ["One.\n\n", "Two.\n\n", "Three."] });
    await run.ended;
    const [part] = run.builder.parts;
    if (part?.kind !== "text") throw new Error("no text");
    expect(part.markdown.isComplete).toBe(true);
    expect(part.markdown.settled).toHaveLength(3);
  });
});

describe("tools", () => {
  const tools = executableTools({ ...defaultSettings, tools: { calculate: "ask" } });
  const call = (id: string, expression: string) => ({
    toolCalls: [
      { id, type: "function" as const, function: { name: "calculate", arguments: JSON.stringify({ expression }) } },
    ],
  });

  async function question(run: Run, number: number): Promise<string> {
    for (;;) {
      const part = run.builder.parts.filter(({ kind }) => kind === "tool")[number];
      if (part?.kind === "tool" && part.state.kind === "asking") return part.state.approvalId;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  test("run when they are approved, and the answer is all rounds", async () => {
    const { run } = begin([call("1", "6 * 7"), { text: "It is 42." }], tools);
    await run.approve(await question(run, 0), false);
    expect(await run.ended).toMatchObject({
      parts: [
        { kind: "tool", name: "calculate", input: '{"expression":"6 * 7"}', output: "42", state: { kind: "complete" } },
        { kind: "text", text: "It is 42." },
      ],
      messages: [{ role: "assistant" }, { role: "tool", content: "42" }, { role: "assistant", content: "It is 42." }],
    });
  });

  test("do not when they are denied, and the model is told", async () => {
    const { run } = begin([call("1", "6 * 7"), { text: "A pity." }], tools);
    await run.deny(await question(run, 0), false);
    expect(await run.ended).toMatchObject({
      parts: [
        { output: "", state: { kind: "denied", reason: "The user did not allow it." } },
        { kind: "text", text: "A pity." },
      ],
      messages: [{}, { role: "tool", content: "Denied: The user did not allow it." }, {}],
    });
  });

  test("ask once, where the answer is for the rest", async () => {
    const { run } = begin([call("1", "1 + 1"), call("2", "2 + 2"), { text: "Done." }], tools);
    await run.approve(await question(run, 0), true);
    expect((await run.ended).parts).toMatchObject([{ output: "2" }, { output: "4" }, { text: "Done." }]);
    expect(run.log.counts.get("agentic_tool_approval_required")).toBe(1);
  });

  test("an answer to a question that nobody asks is an error", async () => {
    const { run } = begin([call("1", "1 + 1"), { text: "Done." }], tools);
    const id = await question(run, 0);
    await expect(run.approve("another", false)).rejects.toMatchObject({ code: "not_found" });
    await run.approve(id, false);
    await run.ended;
  });

  test("are left behind when the run is stopped", async () => {
    const { run } = begin([call("1", "1 + 1")], tools);
    await question(run, 0);
    run.stop();
    expect(await run.ended).toMatchObject({ parts: [{ state: { kind: "left" } }], outcome: { kind: "cancelled" } });
  });
});
