import { describe, expect, test } from "vitest";
import { timeText } from "../src/chat/built-in-tools.ts";
import { calculate } from "../src/chat/calculator.ts";

describe("the calculator", () => {
  test.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["2 ^ 3 ^ 2", 512],
    ["-2 ^ 2", -4],
    ["2 ** -1", 0.5],
    ["10 % 4 - 7 / 2", -1.5],
    [".5e1 × 2 ÷ 4", 2.5],
    ["sqrt(16) + Abs(-3)", 7],
    ["2 * pi", 2 * Math.PI],
    ["- - 3", 3],
  ])("%s is %d", (expression, value) => {
    expect(calculate(expression)).toBeCloseTo(value, 12);
  });

  test.each([
    ["", "not complete"],
    ["1 +", "not complete"],
    ["(1", "not closed"],
    ["1 2", "not expected"],
    ["1 / 0", "divided by zero"],
    ["process.exit()", "is no arithmetic"],
    ["constructor", "is not known"],
    ["__proto__", "is no arithmetic"],
    ["sqrt 4", "in parentheses"],
    ["(".repeat(900), "nested too deep"],
    ["-".repeat(900) + "1", "nested too deep"],
    ["1".repeat(1001), "at most 1000"],
  ])("%s is refused", (expression, reason) => {
    expect(() => calculate(expression)).toThrow(reason);
  });
});

describe("the time", () => {
  const now = new Date("2026-12-01T12:00:00Z");

  test("of a city is that of its zone", () => {
    expect(timeText(now, "New York")).toMatch(/Tuesday.*1 December 2026.*07:00:00.*in America\/New_York/);
    expect(timeText(now, "europe/paris")).toMatch(/13:00:00.*in Europe\/Paris/);
  });

  test("of no city is this machine's, and of an unknown one none", () => {
    expect(timeText(now)).toContain("December 2026");
    expect(() => timeText(now, "Atlantis")).toThrow("No time zone is named after Atlantis.");
  });
});
