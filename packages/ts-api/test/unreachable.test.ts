import { afterEach, expect, test, vi } from "vitest";
import { unreachable } from "../src/stream/unreachable.js";

afterEach(() => vi.unstubAllGlobals());

test("what an object left is told of, some time after nobody can reach it", async () => {
  const left: string[] = [];
  const registry = unreachable<string>((remains) => left.push(remains));
  const kept = {};
  registry.register(kept, "kept");
  (() => {
    registry.register({}, "forgotten");
    const closed = {};
    registry.register(closed, "closed");
    registry.unregister(closed);
  })();
  await vi.waitFor(() => {
    globalThis.gc?.();
    expect(left).toEqual(["forgotten"]);
  });
  expect(kept).toEqual({});
});

test("a host without such a registry is no hindrance", () => {
  vi.stubGlobal("FinalizationRegistry", undefined);
  const registry = unreachable(() => {});
  const object = {};
  expect(() => {
    registry.register(object, 1);
    registry.unregister(object);
  }).not.toThrow();
});
