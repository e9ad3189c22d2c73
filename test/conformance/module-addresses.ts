import { describe, expect, test } from "vitest";
import type { WasmSubject } from "./loads.ts";

/** Where modules are, and what is not one of them: addresses for `wasmUrl`. */
export interface Addresses {
  /** Modules that are whole, whatever their type is said to be. */
  whole: readonly string[];
  /** What is no module, with what the error says of it. */
  others: readonly (readonly [address: string, says: string])[];
}

/** `options.wasmUrl`, for bundlers that move files, and what it says when they have moved them elsewhere. */
export function describeModuleAddresses({ name, Model, bytes }: WasmSubject, { whole, others }: Addresses): void {
  describe(`where the module is: ${name}`, () => {
    test("at an address of the program's choice", async () => {
      for (const wasmUrl of whole) {
        const model = await Model.load(await bytes(), { wasmUrl });
        expect(await model.detokenize(await model.tokenize("a fox"))).toBe("a fox");
        await model.close();
      }
    });

    test("what is something else is told, and the next load finds the module", async () => {
      for (const [wasmUrl, says] of others) {
        const error: unknown = await Model.load(await bytes(), { wasmUrl }).catch((caught: unknown) => caught);
        expect(error).toMatchObject({ code: "backend_unavailable", message: expect.stringContaining(says) });
      }
      const model = await Model.load(await bytes());
      expect(await model.detokenize(await model.tokenize("a fox"))).toBe("a fox");
      await model.close();
    });
  });
}

/** Where the setting asks whether the host has SIMD. `wasmUrl` is one that no module was made of yet. */
export function describeHostWithoutSimd({ name, Model, bytes }: WasmSubject, wasmUrl: string): void {
  test(`a host without SIMD is told what it lacks: ${name}`, async () => {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } };
    const { validate } = WebAssembly;
    WebAssembly.validate = () => false;
    try {
      await expect(Model.load(await bytes(), { wasmUrl })).rejects.toMatchObject({
        code: "backend_unavailable",
        message: expect.stringContaining("SIMD"),
      });
    } finally {
      WebAssembly.validate = validate;
    }
  });
}
