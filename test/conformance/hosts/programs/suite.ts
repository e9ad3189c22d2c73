import { expect, test } from "vitest";
import type { LoadOptions } from "wick";
import { describeAgents } from "../../agents.ts";
import { describeLaws } from "../../laws.ts";
import { type WasmSubject, describeLoads } from "../../loads.ts";
import { describeRequestOptions } from "../../request-options.ts";
import { describeSources } from "../../sources.ts";
import { describeSplitting } from "../../splitting.ts";
import { describeStructured } from "../../structured.ts";
import { wordsOf } from "../../transcripts.ts";
import { describeWriting } from "../../writing.ts";
import { type Outcome, caseNames, runCase } from "../harness.ts";
import type { Call } from "../host.ts";

const messages = [{ role: "user" as const, content: "Write a short story about Mia the fox." }];
// A seed: sampled without one, an answer is now and then shorter than what the laws are tried on.
const request = { messages, maxTokens: 40, randomSeed: 7 };

/** A module that compiles and is none of ours: `\0asm`, its version, and nothing in it. */
export const foreignModule = "data:application/wasm;base64,AGFzbQEAAAA=";

/** All that must hold in a host of the WebAssembly engine. */
export function describeHost(subject: WasmSubject): void {
  const { name, Model, bytes } = subject;
  const load = async (options?: LoadOptions) => Model.load(await bytes(), options);
  describeLaws({ name, load, request });
  describeWriting({ name, load, request });
  describeRequestOptions({ name, load });
  describeSplitting({ name, load });
  describeAgents({ name, load });
  describeStructured({ name, load });
  describeLoads(subject);
  describeSources(subject);
}

/** The laws, and what the model says, where it runs in a Web Worker. */
export function describeInWebWorker({ name, Model, bytes }: WasmSubject): void {
  const load = async (options?: LoadOptions) => Model.load(await bytes(), { ...options, worker: true });
  describeLaws({ name: `${name}, in a Web Worker`, load, request });
  describeWriting({ name: `${name}, in a Web Worker`, load, request });
  describeRequestOptions({ name: `${name}, in a Web Worker`, load });
  test(`${name}, in a Web Worker: says what it says without one`, async () => {
    const models = await Promise.all([load(), Model.load(await bytes())]);
    const [there, here] = await Promise.all(models.map(async (model) => wordsOf(model)));
    expect(there).toEqual(here);
    await Promise.all(models.map(async (model) => model.close()));
  });
}

/** What a program in a host answers. */
export async function answer(call: Call, { Model, bytes }: WasmSubject): Promise<string[] | Outcome> {
  switch (call.kind) {
    case "cases":
      return caseNames();
    case "case":
      return runCase(call.name);
    case "words": {
      const model = await Model.load(await bytes());
      const words = await wordsOf(model);
      await model.close();
      return words;
    }
  }
}
