import { describe, expect, test } from "vitest";
import type { ModelLoader } from "wick";
import { collect, terminalOf } from "./chunks.ts";

/** A host of the WebAssembly engine. */
export interface WasmSubject {
  name: string;
  Model: ModelLoader;
  /** The demo model. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

const messages = [{ role: "user" as const, content: "Write a short story about Mia the fox." }];
const request = { messages, maxTokens: 20, randomSeed: 7 };

/** How a model comes into an instance of its own, and what becomes of it. */
export function describeLoads({ name, Model, bytes }: WasmSubject): void {
  describe(`loads and ends: ${name}`, () => {
    test("from bytes and from an ArrayBuffer, which are left as they are", async () => {
      const source = await bytes();
      const before = await digest(source);
      for (const given of [source, source.buffer]) {
        const model = await Model.load(given);
        expect(model.info).toMatchObject({ backend: "wasm", engine: "cpu" });
        expect((await model.chat.complete(request)).usage?.completionTokens).toBe(20);
        await model.close();
      }
      expect(await digest(source)).toBe(before);
    });

    test("of bytes that end early, or are none of a model", async () => {
      const source = await bytes();
      await expect(Model.load(source.subarray(0, 500_000))).rejects.toMatchObject({ code: "model_invalid" });
      await expect(Model.load(source.subarray(0, source.length - 1))).rejects.toMatchObject({ code: "model_invalid" });
      await expect(Model.load(new Uint8Array(100))).rejects.toMatchObject({ code: "model_unsupported" });
      await expect(Model.load(new Uint8Array(0))).rejects.toMatchObject({ code: "model_invalid" });
    });

    test("of more than it may have", async () => {
      const source = await bytes();
      await expect(Model.load(source, { maxMemoryBytes: 1_000_000 })).rejects.toMatchObject({
        code: "out_of_memory",
        info: { details: { limit: 1_000_000 } },
      });
      expect((await Model.estimate(source, { maxMemoryBytes: 1_000_000 })).fits).toBe(false);
    });

    test("two models at once, one of which is closed meanwhile", async () => {
      const source = await bytes();
      const [one, two] = await Promise.all([Model.load(source), Model.load(source)]);
      const alone = await two.chat.complete(request);
      const reading = collect(one.chat.stream({ messages, ignoreEos: true }));
      const besides = two.chat.complete(request);
      await one.close();
      expect(terminalOf(await reading)).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
      expect((await besides).choices).toEqual(alone.choices);
      expect((await two.chat.complete(request)).choices).toEqual(alone.choices);
      await two.close();
    });

    test("a model that is closed says so to every call, however often it is closed", async () => {
      const model = await Model.load(await bytes());
      await Promise.all([model.close(), model.close()]);
      await model[Symbol.asyncDispose]();
      expect(await collect(model.chat.stream(request))).toMatchObject([
        { kind: "internal_error", error: { code: "engine_closed" } },
      ]);
      await expect(model.chat.complete(request)).rejects.toMatchObject({ code: "engine_closed" });
      await expect(model.tokenize("a")).rejects.toMatchObject({ code: "engine_closed" });
      expect(() => model.stats()).toThrow(expect.objectContaining({ code: "engine_closed" }));
    });

    test("what is cancelled, or left, is free at once: there may be no further turn", async () => {
      const model = await Model.load(await bytes());
      const cancelled = model.chat.stream({ messages, ignoreEos: true });
      const reader = cancelled[Symbol.asyncIterator]();
      await reader.next();
      cancelled.cancel();
      expect(model.stats()).toMatchObject({ running: 0, queued: 0, parked: 0, kvBytesUsed: 0 });
      expect((await reader.next()).value).toMatchObject({ kind: "cancelled" });
      const left = model.chat.stream({ messages, ignoreEos: true })[Symbol.asyncIterator]();
      await left.next();
      void left.return?.();
      expect(model.stats()).toMatchObject({ running: 0, queued: 0, parked: 0, kvBytesUsed: 0 });
      await model.close();
    });

    test("the host has its turn between two tokens", async () => {
      const model = await Model.load(await bytes());
      let turns = 0;
      const timer = setInterval(() => (turns += 1), 0);
      const { usage } = await model.chat.complete({ messages, ignoreEos: true, maxTokens: 200 });
      clearInterval(timer);
      expect(usage?.completionTokens).toBe(200);
      // Browsers let such a timer wait 4 ms.
      expect(turns).toBeGreaterThan(10);
      await model.close();
    });
  });
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return String(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
