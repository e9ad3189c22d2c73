// oxlint-disable vitest/no-standalone-expect -- its callers are tests.

import { demoModel } from "@wick/demo-model";
import { expect } from "vitest";
import { Model } from "wick";
import type { Answer } from "./caller.ts";
import { contentOf } from "./chat-chunks.ts";
import { story } from "./questions.ts";
import { type TestServer, testServer } from "./test-server.ts";

const chat = "/v1/chat/completions";

/** The demo model with a neighbour on it: whatever others ask meanwhile, it says what it says alone, byte by byte. */
export class Neighbourhood implements AsyncDisposable {
  readonly model: Model;
  readonly server: TestServer;
  /** What the neighbour says alone. */
  readonly story: string;

  private constructor(model: Model, server: TestServer, alone: string) {
    this.model = model;
    this.server = server;
    this.story = alone;
  }

  static async load(): Promise<Neighbourhood> {
    const model = await Model.load(demoModel());
    const server = testServer(model);
    return new Neighbourhood(model, server, contentOf((await server.post(chat, story)).text));
  }

  /** Runs `act` while the neighbour's stream is read. */
  async beside<T>(act: () => Promise<T>): Promise<T> {
    const reading = this.server.post(chat, { ...story, stream: true });
    const result = await act();
    expect(contentOf((await reading).text)).toBe(this.story);
    return result;
  }

  ask(address: string, body: object): Promise<Answer> {
    return this.beside(() => this.server.post(address, body));
  }

  /** A request must be refused for what begins with `param`. */
  async refuses(address: string, body: object, param: string, code = "invalid_request"): Promise<void> {
    const { status, json } = await this.ask(address, body);
    expect({ status, json }).toMatchObject({ status: 400, json: { error: { code } } });
    const { error } = json as { error: { param: string } };
    expect(error.param.slice(0, param.length)).toBe(param);
  }

  async takes(address: string, body: object): Promise<void> {
    const { status, text } = await this.ask(address, body);
    expect({ status, text }).toMatchObject({ status: 200 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.model.close();
  }
}
