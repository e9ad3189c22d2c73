import { describe, expect, test } from "vitest";
import { wrapSpans } from "../src/terminal/styled-text.ts";
import { graphemesOf, nextBoundary, previousBoundary, textWidth } from "../src/terminal/text-width.ts";

describe("the width of text", () => {
  test.each([
    ["abc", 3],
    ["漢字", 4],
    ["한국어", 6],
    ["e\u0301", 1],
    ["Ａ", 2],
    ["ｱ", 1],
    ["👨‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤️", 2],
    ["❤", 1],
    ["1️⃣", 2],
    ["👍🏽", 2],
    ["→│•", 3],
    ["\u200B", 0],
    ["ไทยนี้", 4],
  ])("of %s is %d cells", (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test("is cut between characters as people count them", () => {
    const text = "a👨‍👩‍👧e\u0301漢";
    expect(graphemesOf(text).map((grapheme) => grapheme.text)).toEqual(["a", "👨‍👩‍👧", "e\u0301", "漢"]);
    expect(nextBoundary(text, 1)).toBe(9);
    expect(previousBoundary(text, 9)).toBe(1);
    expect(previousBoundary(text, 11)).toBe(9);
  });
});

describe("text broken into rows", () => {
  const broken = (text: string, width: number) =>
    wrapSpans([{ text, style: (plain) => plain }], width).map((row) => row.text);

  test.each([
    ["one two three", 8, ["one two", "three"]],
    ["one two three", 7, ["one two", "three"]],
    ["one  two", 3, ["one", "two"]],
    ["abcdefgh ij", 4, ["abcd", "efgh", "ij"]],
    ["漢字漢字", 5, ["漢字", "漢字"]],
    ["ab漢字", 3, ["ab", "漢", "字"]],
    ["a\nb\n\nc", 5, ["a", "b", "", "c"]],
    ["  indented text", 10, ["  indented", "text"]],
    ["", 5, [""]],
    ["word ", 4, ["word"]],
    ["漢", 1, ["漢"]],
  ])("%j in %d cells", (text, width, rows) => {
    expect(broken(text, width)).toEqual(rows);
  });

  test("begins with the rows of its beginning, but for the last", () => {
    const text = "Some words, 漢字漢字 and averyveryverylongword more  spaces e\u0301e\u0301e\u0301 end";
    for (let width = 2; width < 30; width += 1) {
      const whole = broken(text, width);
      for (let cut = 1; cut < text.length; cut += 1) {
        const begun = broken(text.slice(0, cut), width);
        expect(whole.slice(0, begun.length - 1), `${width} cells, ${cut}`).toEqual(begun.slice(0, -1));
      }
      expect(Math.max(...whole.map(textWidth))).toBeLessThanOrEqual(width);
    }
  });
});
