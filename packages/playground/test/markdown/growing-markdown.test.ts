import { Lexer, lexer } from "marked";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Block } from "../../src/markdown/block.ts";
import { GrowingMarkdown, wholeMarkdown } from "../../src/markdown/growing-markdown.ts";
import { documents } from "./documents.ts";

/** Blocks without what they were cut of. */
function plain(blocks: readonly Block[]): unknown {
  return blocks.map((block) =>
    block.kind === "code" ? { code: block.language, text: block.pieces.join("\n") } : withoutRaw(block),
  );
}

/** What marked makes of the whole text, in the same form. */
function byMarked(text: string): unknown {
  return lexer(text)
    .filter(({ type }) => type !== "space" && type !== "def")
    .map((token) =>
      token.type === "code"
        ? { code: token["lang"]?.split(/\s/, 1)[0] ?? "", text: token["text"] }
        : withoutRaw({ kind: "markdown", token }),
    );
}

function withoutRaw(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, inner: unknown) => (name === "raw" ? undefined : inner)));
}

/** Reproducible chance (https://en.wikipedia.org/wiki/Linear_congruential_generator). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

function grown(
  text: string,
  cut: (rest: string) => number,
  look: (markdown: GrowingMarkdown) => void = () => {},
): GrowingMarkdown {
  const markdown = new GrowingMarkdown();
  for (let rest = text; rest !== "";) {
    const at = Math.max(1, cut(rest));
    markdown.append(rest.slice(0, at));
    rest = rest.slice(at);
    markdown.advance();
    look(markdown);
  }
  markdown.finish();
  expect(markdown.advance()).toBe(false);
  expect(markdown.isComplete).toBe(true);
  expect(markdown.open).toEqual([]);
  return markdown;
}

describe.each(Object.entries(documents))("%s", (_, text) => {
  test("whole, it is what marked says", () => {
    expect(plain(wholeMarkdown(text))).toEqual(byMarked(text));
  });

  test("so it is letter by letter, and what is settled stays as it is", () => {
    const seen: string[][] = [];
    const markdown = grown(
      text,
      () => 1,
      ({ settled }) => seen.push(settled.map((block) => JSON.stringify(block))),
    );
    expect(plain(markdown.settled)).toEqual(byMarked(text));
    const last = markdown.settled.map((block) => JSON.stringify(block));
    for (const settled of seen) expect(settled).toEqual(last.slice(0, settled.length));
  });

  test("and in pieces of any length", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = chance(seed);
      const markdown = grown(text, (rest) => Math.ceil(random() * Math.min(30, rest.length)));
      expect(plain(markdown.settled), `seed ${seed}`).toEqual(byMarked(text));
    }
  });
});

test("all documents below each other are settled as they come", () => {
  const text = Object.values(documents)
    .filter((document) => !document.includes("still open") && !document.includes("never en"))
    .join("\n\nbetween\n\n");
  let settled = 0;
  const markdown = grown(
    text,
    () => 7,
    (growing) => {
      settled = growing.settled.length;
    },
  );
  expect(plain(markdown.settled)).toEqual(byMarked(text));
  // Before it was said that nothing more comes.
  expect(settled).toBeGreaterThan(markdown.settled.length - 4);
});

test("what is open is shown, too", () => {
  const markdown = new GrowingMarkdown();
  markdown.append("A **bold** beginning");
  markdown.advance();
  expect(plain(markdown.open)).toEqual(byMarked("A **bold** beginning"));
  markdown.append("\n\n```ts\nlet a");
  markdown.advance();
  expect(markdown.settled).toHaveLength(1);
  expect(markdown.open).toEqual([{ kind: "code", language: "ts", pieces: ["let a"] }]);
});

test("what may become the end of code is not shown as code", () => {
  const markdown = new GrowingMarkdown();
  markdown.append("```\nlet a\n``");
  markdown.advance();
  expect(markdown.open).toEqual([{ kind: "code", language: "", pieces: ["let a"] }]);
  markdown.append("x");
  markdown.advance();
  expect(markdown.open).toEqual([{ kind: "code", language: "", pieces: ["let a\n``x"] }]);
});

test("long code has pieces, of which the last alone changes", () => {
  const markdown = new GrowingMarkdown();
  markdown.append(`\`\`\`\n${"line\n".repeat(250)}`);
  markdown.advance();
  const [before] = markdown.open;
  markdown.append("more\n");
  markdown.advance();
  const [after] = markdown.open;
  if (before?.kind !== "code" || after?.kind !== "code") throw new Error("no code");
  expect(after.pieces).toHaveLength(3);
  expect(after.pieces[1]).toBe(before.pieces[1]);
  expect(after.pieces.join("\n").split("\n").filter(Boolean)).toHaveLength(251);
});

describe("200 kB that come piece by piece", () => {
  afterEach(() => void vi.restoreAllMocks());

  test.each([
    ["paragraphs", "Some **words** of a paragraph, and `more` of them.\n\n"],
    ["a list", "- An item of a list with **words** in it\n"],
    ["a table", "| cell | another cell | 123 |\n"],
    ["code", "  const value = compute(index);\n"],
    ["a line", "words without an end of the line "],
  ])("are taken apart in pieces that do not grow: %s", (name, piece) => {
    const begin = name === "code" ? "```js\n" : name === "a table" ? "| a | b | c |\n|---|---|---|\n" : "";
    const text = begin + piece.repeat(200_000 / piece.length);
    const lex = vi.spyOn(Lexer.prototype, "lex");
    let frames = 0;
    grown(
      text,
      () => 500,
      () => (frames += 1),
    );
    const lengths = lex.mock.calls.map(([source]) => source.length);
    expect(Math.max(0, ...lengths)).toBeLessThan(14_000);
    expect(lengths.length).toBeLessThan(12 * frames);
  });
});

describe("what would take long", () => {
  /** A clock on which each look takes so long. */
  const slowClock = (ms: number) => {
    let now = 0;
    return () => (now += ms);
  };

  test("is spread over calls: each does a part, and says that there is more", () => {
    const text = "A paragraph of some words.\n\n".repeat(2000);
    const markdown = new GrowingMarkdown(slowClock(5));
    markdown.append(text);
    markdown.finish();
    let calls = 1;
    while (markdown.advance(8)) calls += 1;
    expect(calls).toBeGreaterThan(5);
    expect(plain(markdown.settled)).toEqual(byMarked(text));
  });

  test("a list without end is ended at an item", () => {
    const text = Array.from({ length: 3000 }, (_, index) => `${index + 1}. item ${index + 1}`).join("\n");
    const markdown = grown(text, () => 997);
    expect(markdown.settled.length).toBeGreaterThan(2);
    const items = markdown.settled.flatMap((block) =>
      block.kind === "markdown" && block.token.type === "list"
        ? (block.token["items"] as { text: string }[]).map(({ text: item }) => item)
        : ["?"],
    );
    expect(items.join()).toBe(Array.from({ length: 3000 }, (_, index) => `item ${index + 1}`).join());
    expect(markdown.settled[1]).toMatchObject({ token: { start: expect.any(Number) } });
  });

  test("a table without end goes on below its header", () => {
    const rows = Array.from({ length: 1600 }, (_, index) => `| ${index} | x |`);
    const markdown = grown(["| a | b |", "|---|---|", ...rows].join("\n"), () => 93);
    expect(markdown.settled.length).toBeGreaterThan(1);
    const numbers = markdown.settled.flatMap((block) =>
      block.kind === "markdown" && block.token.type === "table"
        ? (block.token["rows"] as { text: string }[][]).map(([cell]) => cell?.text)
        : ["?"],
    );
    expect(numbers.join()).toBe(rows.map((_, index) => index).join());
  });

  test("what is slow to take apart is ended where it is", () => {
    const markdown = new GrowingMarkdown(slowClock(50));
    markdown.append("word ".repeat(600));
    markdown.advance();
    expect(markdown.settled).toHaveLength(1);
    markdown.append("word ".repeat(10));
    markdown.advance();
    expect(markdown.settled).toHaveLength(1);
    expect(markdown.open).toHaveLength(1);
  });

  test("what is nested deeper than a stack is text", () => {
    const text = ">".repeat(20_000);
    const markdown = grown(text, () => 20_000);
    expect(markdown.settled.some(({ kind }) => kind === "plain")).toBe(true);
  });
});
