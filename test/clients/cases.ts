import { type TestContext, afterAll, afterEach, beforeAll, expect } from "vitest";
import type { ChatCompletion } from "wick";
import type { CallEnd, Client, Connection, Feature, Mode, Outcome } from "./client.ts";
import { type Question, type Turn, requestOf } from "./question.ts";
import { type Stage, startStage } from "./stage.ts";

/** What the user says. */
export const user = (content: string): Turn => ({ role: "user", content });

/** A question to the demo model, which it answers the same way each time. */
export const demo = (content: string, rest: Partial<Question> = {}): Question => ({
  model: "demo",
  messages: [user(content)],
  maxTokens: 80,
  temperature: 0,
  ...rest,
});

/** One client before the server that its cases share. */
export class Cases {
  readonly client: Client;
  #stage: Stage | undefined;

  /** Starts the server before the cases of a `describe`, and looks through what went over its wire after each of them. */
  constructor(client: Client) {
    this.client = client;
    beforeAll(async () => {
      this.#stage = await startStage();
    });
    afterEach(() => this.stage.server.checkWire());
    afterAll(() => this.stage[Symbol.asyncDispose]());
  }

  get stage(): Stage {
    if (this.#stage === undefined) throw new Error("The stage stands once the cases run.");
    return this.#stage;
  }

  /** How answers come to this client. */
  get modes(): readonly Mode[] {
    return this.client.modes ?? ["whole", "streamed"];
  }

  /** Whether the client has something. */
  has(feature: Feature): boolean {
    return this.client.lacks[feature] === undefined;
  }

  /** Skips a case that needs what the client has not, and says why. */
  needs({ skip }: TestContext, feature: Feature): void {
    const reason = this.client.lacks[feature];
    skip(reason !== undefined, reason);
  }

  /** Asks by the client. */
  ask(
    mode: Mode,
    question: Question,
    end?: CallEnd,
    connection: Connection = this.stage.server.connection,
  ): Promise<Outcome> {
    const connected = this.client.connect(connection);
    return mode === "whole" ? connected.complete(question, end) : connected.stream(question, end);
  }
}

/** Asks by the client and by the library, and expects one answer. */
export async function expectSame(cases: Cases, mode: Mode, question: Question): Promise<ChatCompletion> {
  const outcome = await cases.ask(mode, question);
  const completion = await cases.stage.demo.chat.complete(requestOf(question));
  const [{ message, finishReason }] = completion.choices;
  const { promptTokens, completionTokens } = completion.usage ?? {};
  expect(outcome).toMatchObject({
    text: message.content,
    finishReason,
    usage: { promptTokens, completionTokens },
    failure: undefined,
    // Beside JSON some clients want no thoughts that they did not ask for.
    ...(cases.has("reasoning") && question.schema === undefined && { reasoning: message.reasoningContent ?? "" }),
  });
  const leastPieces = mode === "streamed" && message.content.length > 20 ? 4 : 0;
  expect(outcome.pieces).toBeGreaterThanOrEqual(leastPieces);
  return completion;
}
