import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileUrl } from "../src/wasm/compile-url.js";
import { givenModule } from "../src/wasm/given-module.js";

test("a compiled module is passed on", async () => {
  const bytes = await readFile(fileURLToPath(import.meta.resolve("@wick/wasm/simd128.wasm")));
  const module = await compileUrl(`data:application/wasm;base64,${bytes.toString("base64")}`);
  expect(givenModule(module, "x.wasm")).toBe(module);
});

test.each<[string, unknown, string]>([
  ["an address", "/assets/relaxed-simd-B3f.wasm", 'the text "/assets/relaxed-simd-B3f.wasm"'],
  ["bytes", new Uint8Array(4), "a value of type object"],
  ["exports", { Engine: () => {} }, "a value of type object"],
  ["nothing", undefined, "a value of type undefined"],
])("what a bundler puts in its place is told: %s", (_, given, found) => {
  expect(() => givenModule(given, "x.wasm")).toThrow(
    expect.objectContaining({
      code: "backend_unavailable",
      message: expect.stringContaining(`x.wasm brought ${found}`),
    }),
  );
});
