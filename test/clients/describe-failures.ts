import { describe, expect, test } from "vitest";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { type Cases, demo, user } from "./cases.ts";
import type { Mode } from "./client.ts";
import { startKillableServer } from "./killable-server.ts";
import type { Question } from "./question.ts";
import { Served, type ServedOptions } from "./served.ts";

/** An engine that breaks after so many words. */
const broken = (after: number): ScriptedReply => ({
  text: ["The sky ", "is ", "blue."],
  end: { kind: "model_error", after, error: { code: "numeric_error", message: "A logit is no number." } },
});
/** An engine that says nothing more after so many words. */
const hanging = (after: number): ScriptedReply => ({
  text: ["The sky ", "is ", "blue."],
  end: { kind: "hang", after },
});
/** An engine with no room. */
const full: ScriptedReply = {
  end: { kind: "validation_error", error: { code: "queue_full", message: "No room.", retryable: true } },
};

/** Of a server that has one script for whatever it is asked. */
const hi: Question = { model: "scripted", messages: [user("Hi")], maxTokens: 80 };

/** What goes wrong, and what the client's program is told. */
export function describeFailures(cases: Cases): void {
  describe.each(cases.modes)("%s", (mode) => {
    describeRefusals(cases, mode);
  });

  /** What is told where a stream has failed: the reason, or at least that it has. */
  const failed = (words: string) =>
    cases.has("failure in streams")
      ? { failure: { message: expect.stringContaining(words) as string } }
      : { failure: undefined, finishReason: "error" };

  test("streamed: keeps what came before the engine failed", async () => {
    const script = cases.stage.script([broken(2)]);
    const outcome = await cases.ask("streamed", script.question(), {}, cases.stage.server.retrying(2));
    expect(outcome).toMatchObject({ text: "The sky is ", ...failed("A logit is no number.") });
    // What has begun is not asked for again.
    expect(script.asked).toHaveLength(1);
  });

  // They wait, each for itself.
  describe.concurrent("in time", () => {
    test.each(cases.modes)("%s: comes again when the queue was full", async (mode) => {
      const script = cases.stage.script([full, "At last."]);
      const outcome = await cases.ask(mode, script.question(), {}, cases.stage.server.retrying(3));
      expect(outcome).toMatchObject({ text: "At last.", failure: undefined });
      expect(script.asked).toHaveLength(2);
    });

    test("keeps what came before the server was shut down", () =>
      served(hanging(2), {}, async (server) => {
        let closing: Promise<void> | undefined;
        const onPiece = (text: string) => {
          if (text === "is ") closing = server.close();
        };
        const outcome = await cases.client.connect(server.connection).stream(hi, { onPiece });
        expect(outcome).toMatchObject({ text: "The sky is ", ...failed("shutting down") });
        await closing;
      }));

    test("is told of a server that was shut down before the first word", () =>
      served(hanging(0), { headersMs: 20, keepAliveMs: 20 }, async (server) => {
        const asking = cases.client.connect(server.connection).stream(hi);
        await server.untilSent(/keep-alive|ping/);
        await server.close();
        expect(await asking).toMatchObject({ text: "", ...failed("shutting down") });
      }));

    test("waits for words that come slowly", () => {
      const slow = { text: ["The sky ", "is ", "blue."], delayMs: 80 };
      return served(slow, { headersMs: 20, keepAliveMs: 20 }, async (server) => {
        const outcome = await cases.client.connect(server.connection).stream(hi);
        expect(outcome).toMatchObject({ text: "The sky is blue.", finishReason: "stop", failure: undefined });
        const [exchange] = await server.exchanges();
        expect(exchange?.body).toMatch(/^(?:: keep-alive|event: ping\ndata: .*)\n\n/m);
      });
    });

    test("keeps what came before the server was killed", async () => {
      await using server = await startKillableServer();
      let killing: Promise<void> | undefined;
      const onPiece = (text: string) => {
        if (text === "is ") killing = server.kill();
      };
      const outcome = await cases.client.connect(server.connection).stream(hi, { onPiece });
      await killing;
      expect(outcome).toMatchObject({ text: "The sky is ", failure: { name: expect.any(String) as string } });
    });
  });
}

function describeRefusals(cases: Cases, mode: Mode): void {
  const withCode = (code: string) => (cases.has("code") ? { code } : {});

  test.each([
    ["a field that is wrong", { question: demo("Hi", { temperature: 99 }), status: 400, code: "invalid_request" }],
    ["a model that is not there", { question: demo("Hi", { model: "nobody" }), status: 404, code: "not_found" }],
    ["a prompt that is too long", { question: demo("sea ".repeat(3000)), status: 400, code: "context_overflow" }],
    ["a key that is wrong", { question: demo("Hi"), apiKey: "sk-wrong-0123456789", status: 401, code: "unauthorized" }],
  ])("is told of %s", async (_, { question, status, code, ...wrong }) => {
    const { server } = cases.stage;
    const outcome = await cases.ask(mode, question, {}, { ...server.retrying(2), ...wrong });
    expect(outcome).toMatchObject({ text: "", failure: { status, ...withCode(code) } });
    // That does not get better.
    expect((await server.exchanges()).map((exchange) => exchange.status)).toEqual([status]);
  });

  test("is told of an engine that fails before its first word", async () => {
    const outcome = await cases.ask(mode, cases.stage.script([broken(0)]).question());
    expect(outcome).toMatchObject({ text: "", failure: { status: 500, ...withCode("numeric_error") } });
  });

  test("is told of a queue that is full", async () => {
    const script = cases.stage.script([full]);
    const outcome = await cases.ask(mode, script.question());
    expect(outcome).toMatchObject({ text: "", failure: { status: 429, ...withCode("queue_full") } });
    expect(script.asked).toHaveLength(1);
  });
}

/** A server of its own, for what happens to servers. */
async function served(
  reply: ScriptedReply,
  limits: ServedOptions["limits"],
  body: (server: Served) => Promise<void>,
): Promise<void> {
  await using model = scriptedModel({ replies: [reply] });
  await using server = await Served.start({ models: { scripted: model }, limits });
  await body(server);
  await server.checkWire();
}
