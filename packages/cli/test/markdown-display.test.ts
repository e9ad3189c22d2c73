import { describe, expect, test } from "vitest";
import { MarkdownDisplay } from "../src/markdown/markdown-display.ts";
import { LiveRows } from "../src/terminal/live-rows.ts";
import { palette } from "../src/terminal/palette.ts";
import { VirtualTerminal } from "./virtual-terminal.ts";

const size = { columns: 60, rows: 40 };

/** A terminal on which pieces of a document were shown, one after another. */
function shown(pieces: readonly string[], { columns, rows } = size, isColored = true): VirtualTerminal {
  const terminal = new VirtualTerminal(columns, rows);
  const display = new MarkdownDisplay(new LiveRows(terminal), palette(isColored));
  for (const piece of pieces) display.write(piece);
  display.end();
  return terminal;
}

const everything = `# Title

A paragraph with **bold**, *emphasis*, ***both***, ~~gone~~ and \`code\`, long enough to be broken over more than one row.
A second line\\* of it, with [a link](https://example.com/page), https://example.com and <b>a tag</b>, &lt;ok&gt; &#228;.
Setext
------

- one
- two with 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字 and e\u0301
  - nested **bold
    over lines**
    1. deep
- tight

- loose

  with a paragraph
  \`\`\`
  and code
  \`\`\`

1. first
2. second
3) another list

- [ ] to do
- [x] done

> quote
goes on
> - with a list
>
> and **more**

| Name | Number | A long title of a column |
|:-----|-------:|:------------------------:|
| a    |      1 | x |
| b **bold** | 22 | some longer text that needs more than one line in its cell |

\`\`\`ts title
const answer = 42; // 漢字 and a line that is much longer than the screen is wide, so that the terminal has to break it
	indented();

- no list
\`\`\`

~~~
tildes
\`\`\`
~~~

***

    indented code
    goes on

<div>
html
</div>

[ref]: https://example.com
Text with [ref], an * alone and **unclosed emphasis, and 3 * 4 = 12.
1986\\. A year. Ende 👨‍👩‍👧 🇩🇪.
`;

describe("a document that comes in pieces", () => {
  const whole = shown([everything]).styled;

  test("is the same on the screen, wherever it is cut in two", { timeout: 120_000 }, () => {
    for (let cut = 1; cut < everything.length; cut += 1) {
      const terminal = shown([everything.slice(0, cut), everything.slice(cut)]);
      expect(terminal.styled, `cut at ${cut}: ${JSON.stringify(everything.slice(cut - 10, cut + 10))}`).toBe(whole);
    }
  });

  test("is the same character by character, on a screen that is lower than it", () => {
    for (const rows of [100, 40, 24, 16]) {
      expect(shown([...everything], { columns: 60, rows }).styled, `${rows} rows`).toBe(whole);
    }
  });

  test.each([20, 33, 79, 200])("is the same in pieces of random lengths, %i columns wide", (columns) => {
    const random = numbers(columns);
    for (let run = 0; run < 20; run += 1) {
      const pieces: string[] = [];
      for (let at = 0; at < everything.length; at += pieces.at(-1)?.length ?? 0) {
        pieces.push(everything.slice(at, at + 1 + (random() % 12)));
      }
      const place = { columns, rows: 60 };
      expect(shown(pieces, place).styled).toBe(shown([everything], place).styled);
    }
  });
});

describe("documents put together at random", () => {
  const parts = [
    "word ",
    "two words ",
    "\n",
    "\n\n",
    "- ",
    "  - ",
    "* ",
    "1. ",
    "10) ",
    "> ",
    "# ",
    "## ",
    "**",
    "*",
    "_",
    "`",
    "```\n",
    "```js\n",
    "~~~\n",
    "|a|b|\n|-|-|\n",
    "|1|2|\n",
    "| ",
    "---\n",
    "===\n",
    "    ",
    "\t",
    "[x](y)",
    "[x]: /y\n",
    "<div>",
    "<!--",
    "-->",
    "\\",
    "  \n",
    "漢字",
    "e\u0301",
    "- [ ] ",
    "&amp;",
    "\r\n",
    "\u001B[2J",
  ];

  test("are the same in pieces and whole, and no text is lost", { timeout: 120_000 }, () => {
    const random = numbers(7);
    for (let run = 0; run < 600; run += 1) {
      const words = Array.from({ length: 4 + (random() % 30) }, () => parts[random() % parts.length] ?? "");
      const document = words.join("");
      const whole = shown([document]).styled;
      expect(shown([...document]).styled, `${JSON.stringify(document)}`).toBe(whole);
      expect(shown(words).styled, `${JSON.stringify(document)}`).toBe(whole);
      const count = (text: string) => text.split(/word/).length;
      // So wide that no word is broken.
      const wide = shown([document], { columns: 1000, rows: 40 }, false).text;
      expect(count(wide), `${JSON.stringify(document)}`).toBe(count(document));
    }
  });
});

describe("blocks that do not fit the screen", () => {
  /** A document in which each word occurs once. */
  function documentOf(random: () => number): string {
    const marks = ["", "", "", "**", "*", "`", "~~"];
    const begins = ["", "", "- ", "1. ", "> ", "# ", "  - ", "| "];
    let document = "";
    for (let word = 0; word < 300; word += 1) {
      const mark = marks[random() % marks.length] ?? "";
      // Some are never closed, some over many words.
      document += `${random() % 3 === 0 ? mark : ""}w${word}x${random() % 3 === 0 ? mark : ""} `;
      if (random() % 40 === 0) document += `\n\n${begins[random() % begins.length]}`;
      else if (random() % 30 === 0) document += `\n${begins[random() % begins.length]}`;
      else if (random() % 60 === 0) document += "\n\n| a | b |\n|---|---|\n| ";
      else if (random() % 90 === 0) document += "\n```\n";
    }
    return document;
  }

  function wordsOf(text: string): string[] {
    return text.replaceAll(/[^\w]/g, "").match(/w\d+x/g) ?? [];
  }

  const all = Array.from({ length: 300 }, (_, word) => `w${word}x`);

  test.each([4, 6, 10])("show each word once, on %i rows", { timeout: 120_000 }, (rows) => {
    const random = numbers(rows);
    for (let run = 0; run < 60; run += 1) {
      const document = documentOf(random);
      const { text } = shown(document.split(/(?<= )/), { columns: 40, rows });
      expect(wordsOf(text), `${JSON.stringify(document)}`).toEqual(all);
    }
  });

  test.each([true, false])(
    "show each word once while the screen is resized (%s)",
    { timeout: 120_000 },
    (pullsBack) => {
      const random = numbers(3);
      for (let run = 0; run < 100; run += 1) {
        const document = documentOf(random);
        const terminal = new VirtualTerminal(60, 20);
        const live = new LiveRows(terminal);
        const display = new MarkdownDisplay(live, palette(true));
        for (const piece of document.split(/(?<= )/)) {
          for (let resizes = random() % 25 === 0 ? 1 + (random() % 3) : 0; resizes > 0; resizes -= 1) {
            terminal.resize(20 + (random() % 60), 5 + (random() % 20), pullsBack);
            live.noteSize();
          }
          display.write(piece);
        }
        display.end();
        expect(wordsOf(terminal.text), `${JSON.stringify(document)}`).toEqual(all);
      }
    },
  );
});

/** Numbers that only need to differ: the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
