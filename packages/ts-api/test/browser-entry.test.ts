// A page that is rendered on a server imports the browser's entry there too.

import { expect, test, vi } from "vitest";

test("the browser's entry is imported by Node, and opens nothing", async () => {
  const fetch = vi.spyOn(globalThis, "fetch");
  const { Model } = await import("../src/entry/browser.js");
  expect(fetch).not.toHaveBeenCalled();
  await expect(Model.load(new Uint8Array(4))).rejects.toMatchObject({
    code: "backend_unavailable",
    message: expect.stringMatching(/(?:relaxed-simd|simd128)\.wasm, which could not be fetched .*options\.wasmUrl/),
  });
  expect(fetch).toHaveBeenCalledOnce();
  fetch.mockRestore();
});

test("it has no files", async () => {
  const { Model } = await import("../src/entry/browser.js");
  for (const path of ["./model.gguf", "~/model.gguf", new URL("file:///model.gguf")]) {
    await expect(Model.load(path)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("no files"),
      info: { where: "source" },
    });
  }
});
