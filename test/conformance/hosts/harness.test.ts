// What stands in for vitest in other hosts must fail where vitest does.

import { beforeAll, expect, test } from "vitest";
import * as harness from "./harness.ts";

const acts: string[] = [];

beforeAll(() => {
  harness.describe("outer", () => {
    harness.beforeAll(() => acts.push("outer begins"));
    harness.afterAll(() => acts.push("outer ends"));
    harness.test("holds", async () => {
      acts.push("holds");
      harness.expect({ a: 1, b: 2 }).toMatchObject({ a: 1 });
      await harness.expect(Promise.reject(new RangeError("far"))).rejects.toMatchObject({ message: "far" });
    });
    harness.test("does not hold", () => harness.expect([1, 2]).toEqual([1, 3]));
    harness.test("does not hold later", () => harness.expect(Promise.resolve(1)).rejects.toMatchObject({}));
    harness.test("throws", () => {
      throw new Error("on purpose", { cause: new Error("of old") });
    });
    harness.test("asserts nothing", () => {});
    harness.describe("inner", () => {
      harness.beforeAll(() => acts.push("inner begins"));
      harness.afterAll(() => acts.push("inner ends"));
      harness.test.each([
        ["a", 1],
        ["b", 2],
      ])("%s is %i", (name, value) => harness.expect(`${String(name)}${String(value)}`).toMatch(/a1|b2/));
    });
  });
  harness.describe("broken", () => {
    harness.beforeAll(() => {
      throw new Error("no model");
    });
    harness.afterAll(() => {
      throw new Error("nothing to close");
    });
    harness.test("never runs", () => harness.expect(acts.push("never")).toBe(1));
  });
});

test("cases have the names of their groups", () => {
  expect(harness.caseNames()).toEqual([
    "outer > holds",
    "outer > does not hold",
    "outer > does not hold later",
    "outer > throws",
    "outer > asserts nothing",
    "outer > inner > a is 1",
    "outer > inner > b is 2",
    "broken > never runs",
  ]);
});

test("what holds has no failure, and what it needs comes before and after it", async () => {
  acts.length = 0;
  expect(await harness.runCase("outer > inner > b is 2")).toEqual({});
  expect(await harness.runCase("outer > holds")).toEqual({});
  expect(acts.join(", ")).toBe("outer begins, inner begins, inner ends, outer ends, outer begins, holds, outer ends");
});

test.each([
  ["outer > does not hold", /to deeply equal \[ 1, 3 \]/],
  ["outer > does not hold later", /promise resolved "1" instead of rejecting/],
  ["outer > throws", /on purpose[^]*caused by [^]*of old/],
  ["outer > asserts nothing", /it asserted nothing/],
  ["broken > never runs", /no model[^]*nothing to close/],
  ["outer > missing", /there is no case/],
])("what does not is told: %s", async (name, failure) => {
  acts.length = 0;
  expect(await harness.runCase(name)).toEqual({ failure: expect.stringMatching(failure) });
  expect(acts).not.toContain("never");
});

test("two cases of one name are one too many", () => {
  const again = () => harness.describe("outer", () => harness.test("holds", () => {}));
  expect(again).toThrow("two cases");
});
