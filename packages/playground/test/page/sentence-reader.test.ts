import { expect, test } from "vitest";
import { SentenceReader } from "../../src/page/sentence-reader.ts";

/** What is said, each time that text comes. */
function read(...pieces: string[]): string[][] {
  const reader = new SentenceReader();
  return [...pieces.map((piece) => reader.add(piece)), reader.finish()].filter((said) => said.length > 0);
}

test("sentences are said when they are whole, never tokens", () => {
  expect(read("The ", "sky", " is", " blue", ".", " It", " is", " far", ".")).toEqual([
    ["The sky is blue."],
    ["It is far."],
  ]);
});

test("a line's end ends a sentence", () => {
  expect(read("A heading", "\n", "\nText")).toEqual([["A heading"], ["Text"]]);
});

test("marks of Markdown are not said", () => {
  expect(read("## A **bold** heading\n> - a `quoted` [link](https://example.com) ~~gone~~\n1. one\n")).toEqual([
    ["A bold heading", "a quoted link gone", "one"],
  ]);
});

test("code is told by its length", () => {
  expect(read("Look.\n```ts\nconst a = 1. Or 2. Yes.\n", "const b = 2;\n```\nThere.")).toEqual([
    ["Look."],
    ["Code, 2 lines."],
    ["There."],
  ]);
  expect(read("```\nonly\n")).toEqual([["Code, 1 line."]]);
});

test("in pieces of any length the same is said", () => {
  const text = "One sentence. Another one!\n\n```\ncode\n```\n- an item\n- `more`. Really?\nThe end";
  const whole = read(text).flat().join(" ");
  for (let size = 1; size < 20; size += 1) {
    const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
    expect(
      read(...pieces)
        .flat()
        .join(" "),
      `pieces of ${size}`,
    ).toBe(whole);
  }
});
