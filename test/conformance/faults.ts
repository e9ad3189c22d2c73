import { describe, expect, test } from "vitest";
import type { Engine } from "../../packages/ts-api/src/backend.js";
import { createModel } from "../../packages/ts-api/src/model/create-model.js";
import type { WasmSetting } from "../../packages/ts-api/src/wasm/wasm-backend.js";
import { wasmBackend } from "../../packages/ts-api/src/wasm/wasm-backend.js";
import { collect, terminalOf, textOf } from "./chunks.ts";

/** A host by its setting, of which an entry is built whose engines can be broken. */
export interface FaultSubject {
  name: string;
  setting: WasmSetting;
  /** The demo model. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

const messages = [{ role: "user" as const, content: "Tell me a story." }];
const request = { messages, temperature: 0, ignoreEos: true, maxTokens: 60 };

function breakable(setting: WasmSetting) {
  const backend = wasmBackend({ ...setting, testFaults: true });
  const engines: Engine[] = [];
  const Model = createModel({
    ...backend,
    async open(doorbell, options) {
      const engine = await backend.open(doorbell, options);
      engines.push(engine);
      return engine;
    },
  });
  return { Model, engines };
}

/** What goes wrong in an instance, and what becomes of it and of those beside it. */
export function describeFaults({ name, setting, bytes }: FaultSubject): void {
  describe(`an instance that breaks: ${name}`, () => {
    /** A model, its engine and what it takes to break it. */
    const load = async () => {
      const { Model, engines } = breakable(setting);
      const model = await Model.load(await bytes());
      const [engine] = engines;
      const inject = (fault: string, nth: number) =>
        engine?.submit(JSON.stringify({ kind: "fault", model: 1, fault, nth }));
      return { model, engine, inject };
    };

    test("a trap ends its own instance: each stream with what it delivered", async () => {
      const [{ model, inject }, neighbour] = [await load(), await load()];
      const expected = (await neighbour.model.chat.complete(request)).choices;
      const besides = neighbour.model.chat.complete(request);
      inject("step_panic", 17);
      const streams = [
        collect(model.chat.stream(request)),
        collect(model.chat.stream({ ...request, n: 2 })),
        collect(model.completions.stream({ prompt: "Once upon a time", temperature: 0, ignoreEos: true })),
      ];
      for (const responses of await Promise.all(streams)) {
        const terminal = terminalOf<(typeof responses)[number]>(responses);
        if (terminal.kind !== "internal_error") throw new Error(`expected internal_error, got ${terminal.kind}`);
        expect(terminal.error).toMatchObject({
          code: "instance_poisoned",
          details: { panic: expect.stringContaining("a fault was injected") },
        });
        for (const choice of terminal.partial.choices) {
          const said = "text" in choice ? choice.text : choice.message.content;
          expect(said).toBe(textOf(responses, choice.index));
          expect(said.length).toBeGreaterThan(10);
        }
      }
      expect((await besides).choices).toEqual(expected);
      expect(await collect(model.chat.stream(request))).toMatchObject([
        { kind: "internal_error", error: { code: "instance_poisoned" } },
      ]);
      await expect(model.tokenize("a")).rejects.toMatchObject({ code: "instance_poisoned" });
      expect(() => model.stats()).toThrow(expect.objectContaining({ code: "instance_poisoned" }));
      await model.close();
      await neighbour.model.close();
      const again = await load();
      expect((await again.model.chat.complete(request)).choices).toEqual(expected);
      await again.model.close();
    });

    test("an error in one sequence is no trap", async () => {
      const { model, inject } = await load();
      inject("nan_logit", 5);
      const terminal = terminalOf(await collect(model.chat.stream(request)));
      expect(terminal).toMatchObject({ kind: "model_error", error: { code: "numeric_error" } });
      expect((await model.chat.complete({ ...request, maxTokens: 3 })).usage?.completionTokens).toBe(3);
      await model.close();
    });

    test("what a call finds from within a call is busy, and nothing is touched", async () => {
      const { model, engine } = await load();
      // The one way back in: what the module asks of its host.
      const now = performance.now.bind(performance);
      const found: unknown[] = [];
      performance.now = () => {
        performance.now = now;
        try {
          engine?.schemaHash();
        } catch (error) {
          found.push(error);
        }
        return now();
      };
      const { usage } = await model.chat.complete({ ...request, maxTokens: 3 });
      expect(found).toMatchObject([{ code: "busy" }]);
      expect(usage?.completionTokens).toBe(3);
      await model.close();
    });

    test("close() while a reader waits ends its stream", async () => {
      const { model } = await load();
      const reader = model.chat.stream(request)[Symbol.asyncIterator]();
      await reader.next();
      const [waiting] = await Promise.all([reader.next(), model.close()]);
      let last = waiting;
      while (last.value?.kind === "chunk") last = await reader.next();
      expect(last.value).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
      expect(await reader.next()).toEqual({ done: true, value: undefined });
    });

    test("the memory of a closed model is given up once its streams are read", async () => {
      const { model, engine } = await load();
      const reader = model.chat.stream(request)[Symbol.asyncIterator]();
      await reader.next();
      await model.close();
      expect(() => engine?.schemaHash()).not.toThrow();
      let last = await reader.next();
      while (last.value?.kind === "chunk") last = await reader.next();
      expect(last.value).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
      expect(() => engine?.schemaHash()).toThrow(expect.objectContaining({ code: "engine_closed" }));
    });

    test("what is more than the memory may be is refused before it is taken", async () => {
      const { Model } = breakable({ ...setting, memoryLimit: 128 * 2 ** 20 });
      let pulls = 0;
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(65_536));
        },
      });
      const large = new Response(endless, { headers: { "content-length": "200000000" } });
      const error = await Model.load(large).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: "out_of_memory", info: { details: { limit: 128 * 2 ** 20 } } });
      const { needed } = (error as { info: { details: { needed: number } } }).info.details;
      expect(needed).toBeGreaterThan(200_000_000);
      expect(pulls).toBeLessThan(4);
      const model = await Model.load(await bytes());
      expect((await model.chat.complete({ ...request, maxTokens: 3 })).usage?.completionTokens).toBe(3);
      await model.close();
    });
  });
}
