import { describe, expect, test } from "vitest";
import type { WasmSubject } from "./loads.ts";

interface Instance {
  exports: { memory?: WeakKey };
}
type Instantiate = (...given: unknown[]) => Promise<Instance>;

const messages = [{ role: "user" as const, content: "Write a short story about Mia the fox." }];

/** What becomes of the linear memory of models, in hosts whose collector comes in time: workerd's lets plain memories lie, too. */
export function describeMemory({ name, Model, bytes }: WasmSubject): void {
  describe(`memory: ${name}`, () => {
    test.each([
      ["that are closed", true],
      ["that nobody can reach any more", false],
    ])("goes with models %s", async (_, isClosed) => {
      const memories = watchMemories();
      try {
        const source = await bytes();
        for (let count = 0; count < 4; count += 1) {
          const model = await Model.load(source);
          await model.chat.complete({ messages, maxTokens: 4 });
          if (isClosed) await model.close();
        }
      } finally {
        memories.restore();
      }
      expect(memories.made).toBe(4);
      // What was last touched can stay reachable from the machine's stack.
      await collected(() => memories.gone >= 3);
      expect(memories.gone).toBeGreaterThanOrEqual(3);
    });
  });
}

/** Counts the memories of instances that are made until `restore`, and those that the collector has taken. */
function watchMemories() {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { instantiate: Instantiate } };
  const { instantiate } = WebAssembly;
  // Not by a WeakRef: asked again and again, it keeps what it is asked for.
  const registry = new FinalizationRegistry(() => (watch.gone += 1));
  const watch = {
    made: 0,
    gone: 0,
    registry,
    restore: () => (WebAssembly.instantiate = instantiate),
  };
  WebAssembly.instantiate = async (...given) => {
    const instance = await instantiate(...given);
    if (instance.exports.memory !== undefined) {
      watch.made += 1;
      registry.register(instance.exports.memory, undefined);
    }
    return instance;
  };
  return watch;
}

/** Waits for the collector. No host lets a program call it; much garbage does, of which some lives for a while. */
async function collected(isEnough: () => boolean): Promise<void> {
  const kept: unknown[] = [];
  for (let round = 0; round < 300 && !isEnough(); round += 1) {
    kept.push(
      Array.from({ length: 200_000 }, (_, at) => ({ at })),
      new Uint8Array(16_000_000).fill(round),
    );
    if (kept.length > 12) kept.splice(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
