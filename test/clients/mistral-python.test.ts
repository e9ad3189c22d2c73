import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeClient } from "./describe-client.ts";
import { openaiBody } from "./openai-body.ts";
import { pythonClient } from "./python-client.ts";
import { whyNoPython } from "./python-environment.ts";
import { PythonProgram } from "./python-program.ts";
import type { Question } from "./question.ts";
import { type Stage, startStage } from "./stage.ts";

const lacks = { "failure in streams": "its chunks have no field for an error, only a reason to finish" };

/** Mistral's words for what OpenAI calls otherwise. */
function mistralBody(question: Question): object {
  const { seed, tool_choice: choice, messages, ...body } = openaiBody(question);
  const names = new Map(
    question.messages.flatMap((turn) => (turn.role === "tool" ? [[turn.toolCallId, turn.name]] : [])),
  );
  return {
    ...body,
    messages: messages.map((message) =>
      message.role === "tool" ? { ...message, name: names.get(message.tool_call_id) } : message,
    ),
    ...(seed !== undefined && { random_seed: seed }),
    ...(choice !== undefined && { tool_choice: choice === "required" ? "any" : choice }),
  };
}

describe.skipIf(whyNoPython !== undefined)("of Python", () => {
  let program: PythonProgram;
  beforeAll(() => {
    program = new PythonProgram("mistral_calls");
  });
  afterAll(() => program[Symbol.asyncDispose]());
  const shared = { program: () => program, bodyOf: mistralBody };

  describeClient(
    pythonClient({
      ...shared,
      name: "mistralai",
      lacks: { ...lacks, signal: "a call that blocks has none", "raised signal": "a call that blocks has none" },
      calls: { complete: "complete", stream: "stream", embed: "embed", models: "models" },
    }),
  );
  describeClient(
    pythonClient({
      ...shared,
      name: "mistralai, async",
      lacks: {
        ...lacks,
        "raised signal": "a task that is cancelled before its turn asks for nothing, whatever it is",
      },
      calls: { complete: "complete_async", stream: "stream_async", embed: "embed_async", models: "models_async" },
    }),
  );

  describe("mistralai alone", () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await startStage();
    });
    afterAll(() => stage[Symbol.asyncDispose]());
    const ask = async (call: string, body: object) => {
      const { outcome, value } = await program.ask({ call, connection: stage.server.connection, body });
      expect(outcome.failure).toBeUndefined();
      return { text: outcome.text, finishReason: outcome.finishReason, value };
    };

    test("makes an object of a class, whole and streamed", async () => {
      const body = { model: "demo", messages: [{ role: "user", content: "Tell me of Paris." }], temperature: 0 };
      const { value } = await ask("parse", body);
      expect(value).toEqual({ city: expect.any(String) as string, tags: expect.any(Array) as string[] });
      expect((await ask("parse_async", body)).value).toEqual(value);
    });

    test("fills in the middle, whole and streamed", async () => {
      const script = stage.script([{ text: ["a ", "+ ", "b"] }]);
      const hole = { model: "scripted", prompt: `# ${script.words}\nreturn `, suffix: "\n", temperature: 0 };
      expect(await ask("fill", hole)).toMatchObject({ text: "a + b", finishReason: "stop" });
      expect(await ask("fill_async", hole)).toMatchObject({ text: "a + b", finishReason: "stop" });
      expect(script.asked).toMatchObject([{ suffix: "\n" }, { suffix: "\n" }]);
    });

    test("tells how likely tokens were, as its models of them have it", async () => {
      const messages = [{ role: "user", content: "What is the capital of France?" }];
      const body = { model: "demo", messages, temperature: 0, logprobs: true, top_logprobs: 2 };
      const { text } = await ask("complete", body);
      expect(text).toBe("The capital of France is Paris.");
      expect(await ask("stream_async", body)).toMatchObject({ text });
    });
  });
});
