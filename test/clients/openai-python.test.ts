import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeClient } from "./describe-client.ts";
import { openaiBody } from "./openai-body.ts";
import { responseBody } from "./openai-responses.ts";
import { pythonClient } from "./python-client.ts";
import { whyNoPython } from "./python-environment.ts";
import { PythonProgram } from "./python-program.ts";
import { type Stage, startStage } from "./stage.ts";

const async = { "raised signal": "a task that is cancelled before its turn asks for nothing, whatever it is" };
const sync = { signal: "a call that blocks has none", "raised signal": "a call that blocks has none" };
const helper = { length: "it refuses an answer that was cut, with an error of its own" };
const responses = { seed: "OpenAI's responses have none", stop: "OpenAI's responses have none" };

describe.skipIf(whyNoPython !== undefined)("of Python", () => {
  let program: PythonProgram;
  beforeAll(() => {
    program = new PythonProgram("openai_calls");
  });
  afterAll(() => program[Symbol.asyncDispose]());
  const chats = { program: () => program, bodyOf: openaiBody };

  describeClient(
    pythonClient({
      ...chats,
      name: "openai, create",
      lacks: sync,
      calls: { complete: "complete", stream: "stream", embed: "embed", models: "models" },
    }),
  );
  describeClient(
    pythonClient({
      ...chats,
      name: "openai, create, async",
      lacks: async,
      calls: { complete: "complete_async", stream: "stream_async", embed: "embed_async", models: "models_async" },
    }),
  );
  describeClient(
    pythonClient({
      ...chats,
      name: "openai, stream helper",
      modes: ["streamed"],
      lacks: { ...sync, ...helper },
      calls: { complete: "complete", stream: "helper" },
    }),
  );
  describeClient(
    pythonClient({
      ...chats,
      name: "openai, stream helper, async",
      modes: ["streamed"],
      lacks: { ...async, ...helper },
      calls: { complete: "complete_async", stream: "helper_async" },
    }),
  );
  describeClient(
    pythonClient({
      ...chats,
      bodyOf: responseBody,
      name: "openai, responses.create, async",
      lacks: { ...async, ...responses },
      calls: { complete: "response", stream: "stream_response" },
    }),
  );

  describe("openai alone", () => {
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

    test("makes an object of a class, whole and by its helper", async () => {
      const body = { model: "demo", messages: [{ role: "user", content: "Tell me of Paris." }], temperature: 0 };
      const { value } = await ask("parse", body);
      expect(value).toEqual({ city: expect.any(String) as string, tags: expect.any(Array) as string[] });
      expect((await ask("parse_async", body)).value).toEqual(value);
    });

    test("goes on with raw text, whole and streamed", async () => {
      const body = { model: "demo", prompt: "Once upon a time", temperature: 0, max_tokens: 12 };
      const here = await stage.demo.completions.complete({ prompt: body.prompt, temperature: 0, maxTokens: 12 });
      const expected = { text: here.choices[0].text, finishReason: "length" };
      expect(await ask("text", body)).toMatchObject(expected);
      expect(await ask("text_async", body)).toMatchObject(expected);
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
