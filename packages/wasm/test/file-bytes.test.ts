import type { FileBytes } from "@wick/wasm";
import { beforeAll, expect, test } from "vitest";
import { Instance, demoBytes, everything } from "./instance.ts";

let instance: Instance;

beforeAll(async () => {
  instance = await Instance.open(everything);
});

function fileBytes(prefix: Uint8Array): FileBytes {
  return JSON.parse(instance.core.fileBytes(instance.place(prefix) ?? 0)) as FileBytes;
}

test("a header that goes on asks for more, and a whole one knows the size of its file", () => {
  let end = 1000;
  let hint = fileBytes(demoBytes.subarray(0, end));
  for (; hint.kind === "more"; hint = fileBytes(demoBytes.subarray(0, end))) {
    expect(hint.atLeast).toBeGreaterThan(end);
    end = Math.max(hint.atLeast, 2 * end);
  }
  expect(hint).toEqual({ kind: "known", bytes: demoBytes.length });
  expect(end).toBeLessThan(demoBytes.length / 10);
});

test("what is no model is an error", () => {
  expect(fileBytes(new Uint8Array(9))).toMatchObject({ kind: "failed", error: { code: "model_unsupported" } });
  const damaged = Uint8Array.from(demoBytes.subarray(0, 1000));
  damaged[4] = 9;
  expect(fileBytes(damaged)).toMatchObject({ kind: "failed", error: { code: "model_invalid", where: "byte 4" } });
});

test("a file whose stream ended early is told to be cut short", () => {
  const buffer = instance.core.allocate(demoBytes.length) ?? 0;
  const got = 4_000_000;
  const begin = new Uint8Array(instance.memory.buffer, instance.core.address(buffer), got);
  begin.set(demoBytes.subarray(0, got));
  instance.core.truncate(buffer, got);
  const failed = instance.call({ kind: "load", source: { kind: "bytes", buffer: 0 } }, [buffer]);
  expect(failed).toMatchObject({
    kind: "failed",
    error: { code: "model_invalid", details: { reason: "truncated", expected: demoBytes.length, got } },
  });
});
