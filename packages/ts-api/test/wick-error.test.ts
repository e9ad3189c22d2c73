import { describe, expect, test, vi } from "vitest";
import { assertNever } from "../src/response/assert-never.js";
import { WickError } from "../src/error/wick-error.js";

const info = { code: "numeric_error" as const, message: "The logits are not finite.", retryable: false };

describe("WickError", () => {
  test("is known across copies of the package, where instanceof fails", async () => {
    vi.resetModules();
    const { WickError: Other } = await import("../src/error/wick-error.js");
    const error = new Other(info);
    expect(Other).not.toBe(WickError);
    expect(error instanceof WickError).toBe(false);
    expect(WickError.isInstance(error)).toBe(true);
    expect([undefined, null, "x", {}, new Error("x"), { code: "numeric_error" }].some(WickError.isInstance)).toBe(
      false,
    );
  });

  test("is an AbortError when it was cancelled, by name", () => {
    expect(new WickError(info)).toMatchObject({
      name: "WickError",
      code: "numeric_error",
      message: info.message,
      info,
    });
    expect(new WickError({ ...info, code: "cancelled" }, { cause: 5 })).toMatchObject({ name: "AbortError", cause: 5 });
  });

  test("has no field that is undefined", () => {
    const error = new WickError(info);
    expect("partial" in error).toBe(false);
    expect("cause" in error).toBe(false);
    expect(error.partialText).toBe("");
    expect(Object.keys(error).toSorted()).toEqual(["code", "info", "name"]);
  });
});

test("assertNever names the kind, never the content", () => {
  const call = () => assertNever({ kind: "later", content: "secret" } as never);
  expect(call).toThrow(/"later"/);
  expect(call).not.toThrow(/secret/);
  expect(() => assertNever(5 as never)).toThrow(/number/);
});
