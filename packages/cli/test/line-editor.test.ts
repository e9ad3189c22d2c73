import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { InputStream } from "../src/environment.ts";
import { KeyReader } from "../src/terminal/key-reader.ts";
import { type EditedLine, LineEditor } from "../src/terminal/line-editor.ts";
import { palette } from "../src/terminal/palette.ts";
import { VirtualTerminal } from "./virtual-terminal.ts";

const keys = {
  enter: "\r",
  altEnter: "\u001B\r",
  ctrl: (letter: string) => String.fromCharCode(letter.charCodeAt(0) - 96),
  left: "\u001B[D",
  right: "\u001B[C",
  up: "\u001B[A",
  down: "\u001B[B",
  home: "\u001B[H",
  end: "\u001B[F",
  ctrlLeft: "\u001B[1;5D",
  ctrlRight: "\u001B[1;5C",
  backspace: "\u007F",
  del: "\u001B[3~",
  tab: "\t",
  paste: (text: string) => `\u001B[200~${text}\u001B[201~`,
};

interface Editing {
  history?: readonly string[];
  candidates?: readonly string[];
  columns?: number;
  rows?: number;
}

/** What is read of keys, and what the terminal looks like then. */
async function edited(
  input: readonly string[],
  { history = [], candidates = [], columns = 40, rows = 12 }: Editing = {},
) {
  const terminal = new VirtualTerminal(columns, rows);
  const stdin: PassThrough & InputStream = new PassThrough();
  const reader = new KeyReader(stdin, () => {});
  reader.start();
  const editor = new LineEditor(reader, terminal, palette(false));
  const line = editor.read({
    prompt: "> ",
    history,
    needsMore: (text) => text.startsWith('"""') && !text.slice(3).includes('"""'),
    complete: async (text) => ({ from: 0, candidates: candidates.filter((candidate) => candidate.startsWith(text)) }),
  });
  const shown: string[] = [];
  for (const part of input) {
    stdin.write(part);
    // Keys are read, and rows are written, in turns of their own.
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    shown.push(terminal.text);
  }
  const nothing = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), 200);
  });
  const result = await Promise.race([line, nothing]);
  reader.stop();
  return { result, terminal, shown };
}

const lineOf = async (...input: string[]): Promise<EditedLine | undefined> =>
  (await edited([...input, keys.enter])).result;

describe("keys", () => {
  const { left, right, ctrl, backspace, del } = keys;

  test.each([
    ["text", ["hello"], "hello"],
    ["left and right", ["ac", left, "b", right, "d"], "abcd"],
    ["home and end", ["bc", keys.home, "a", keys.end, "d"], "abcd"],
    ["Ctrl-A and Ctrl-E", ["bc", ctrl("a"), "a", ctrl("e"), "d"], "abcd"],
    ["Ctrl-B and Ctrl-F", ["ac", ctrl("b"), "b", ctrl("f"), "d"], "abcd"],
    ["backspace and delete", ["abXcdY", backspace, left, left, left, del], "abcd"],
    ["words", ["one two three", keys.ctrlLeft, keys.ctrlLeft, "X", keys.ctrlRight, "Y"], "one XtwoY three"],
    ["Alt-B and Alt-F", ["one two", "\u001Bb", "\u001Bb", "X", "\u001Bf", "Y"], "XoneY two"],
    ["Ctrl-K and Ctrl-Y", ["one two", keys.ctrlLeft, ctrl("k"), keys.home, ctrl("y")], "twoone "],
    ["Ctrl-U", ["one two", keys.ctrlLeft, ctrl("u")], "two"],
    ["Ctrl-W", ["one two", ctrl("w"), "2"], "one 2"],
    ["Alt-D", ["one two", keys.home, "\u001Bd"], " two"],
    ["Ctrl-D deletes", ["abc", keys.home, ctrl("d")], "bc"],
    ["characters of several code points", ["👨‍👩‍👧e\u0301漢", backspace, backspace, left, "x"], "x👨‍👩‍👧"],
    ["Ctrl-T is none", ["a", ctrl("t"), "b"], "ab"],
    ["keys that are not known", ["a", "\u001B[24~", "b"], "ab"],
    ["Alt+Enter and Ctrl+J", ["a", keys.altEnter, "b", "\n", "c"], "a\nb\nc"],
    ["a backslash at the end", ["a\\", keys.enter, "b"], "a\nb"],
    ["a block", ['"""a', keys.enter, 'b"""'], '"""a\nb"""'],
    [
      "up and down in lines",
      ["abc\nd\nefg".replaceAll("\n", keys.altEnter), keys.up, keys.up, "X", keys.down, "Y"],
      "aXbc\ndY\nefg",
    ],
    ["a paste with its newlines", [keys.paste("a\r\nb\rc\nd\te")], "a\nb\nc\nd\te"],
    ["a paste of colours and controls", [keys.paste("\u001B[31mred\u001B[0m\u0007!")], "red\uFFFD!"],
    ["a paste in the middle", ["ad", left, keys.paste("bc")], "abcd"],
  ])("%s", async (_, input, text) => {
    expect(await lineOf(...input)).toEqual({ kind: "line", text });
  });

  test("all at once, as from a slow connection that was fast", async () => {
    expect(await lineOf("ab\u001B[Dc\u001B[200~\nx\n\u001B[201~d")).toEqual({ kind: "line", text: "ac\nx\ndb" });
  });

  test("Ctrl-C clears, and is told where there is nothing", async () => {
    expect(await lineOf("abc", ctrl("c"), "d")).toEqual({ kind: "line", text: "d" });
    expect((await edited([ctrl("c")])).result).toEqual({ kind: "interrupt" });
    expect(await lineOf(`\u001B[200~never ended${ctrl("c")}`, "d")).toEqual({ kind: "line", text: "d" });
  });

  test("Ctrl-D ends where there is nothing", async () => {
    expect((await edited([ctrl("d")])).result).toEqual({ kind: "end" });
  });
});

describe("the history", () => {
  const history = ["first", "second\nline", "third"];
  const read = async (...input: string[]) => (await edited([...input, keys.enter], { history })).result;

  test("goes up and down, and keeps what was written", async () => {
    expect(await read("draft", keys.up)).toEqual({ kind: "line", text: "third" });
    expect(await read("draft", keys.up, keys.up, keys.up, keys.up, keys.up)).toEqual({ kind: "line", text: "first" });
    expect(await read("draft", keys.up, keys.down, "!")).toEqual({ kind: "line", text: "draft!" });
  });

  test("is searched", async () => {
    const { ctrl, backspace } = keys;
    expect(await read(ctrl("r"), "ir")).toEqual({ kind: "line", text: "third" });
    expect(await read(ctrl("r"), "ir", ctrl("r"))).toEqual({ kind: "line", text: "first" });
    expect(await read(ctrl("r"), "ir", ctrl("r"), ctrl("r"))).toEqual({ kind: "line", text: "first" });
    expect(await read(ctrl("r"), "secx", backspace)).toEqual({ kind: "line", text: "second\nline" });
    expect(await read("draft", ctrl("r"), "ir", ctrl("g"))).toEqual({ kind: "line", text: "draft" });
    expect(await read(ctrl("r"), "ir", keys.right, "!")).toEqual({ kind: "line", text: "third!" });
  });
});

describe("completion", () => {
  const candidates = ["/save", "/stats", "/system"];

  test("completes what is shared, lists the rest, and takes the only one", async () => {
    const { shown, result } = await edited(["/s", keys.tab, "y", keys.tab, "x", keys.enter], { candidates });
    expect(shown[1]).toBe("> /s\n/save  /stats  /system");
    expect(shown[2]).toBe("> /sy");
    expect(result).toEqual({ kind: "line", text: "/system x" });
  });
});

describe("the screen", () => {
  test("has the text, broken by the terminal, and the cursor in it", async () => {
    const { terminal, shown } = await edited(["a".repeat(30), keys.home, keys.right], { columns: 20 });
    expect(shown[0]).toBe(`> ${"a".repeat(18)}\n${"a".repeat(12)}`);
    expect(terminal.cursor).toEqual({ row: 0, column: 3 });
  });

  test("has the cursor on the next line where one is full", async () => {
    const { terminal } = await edited(["a".repeat(18)], { columns: 20 });
    expect(terminal.cursor).toEqual({ row: 1, column: 0 });
  });

  test("shows a part of what does not fit, and all of it in the end", async () => {
    const long = Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n");
    const { terminal, shown, result } = await edited([keys.paste(long), keys.up, keys.up, "X", keys.enter], {
      rows: 8,
    });
    expect(shown[0]).toContain("line 29");
    expect(shown[0]?.split("\n").length).toBeLessThanOrEqual(7);
    expect(result).toEqual({ kind: "line", text: long.replace("line 27", "line 27X") });
    expect(terminal.text).toBe(`> ${long.replace("line 27", "line 27X").replaceAll("\n", "\n  ")}`);
  });

  test("does so of one line, too", async () => {
    const long = Array.from({ length: 400 }, (_, index) => `w${index}`).join(" ");
    const { terminal, result } = await edited([keys.paste(long), "!", keys.enter], { rows: 6 });
    expect(result).toEqual({ kind: "line", text: `${long}!` });
    // A space at the end of a line is not to be seen.
    const visible = (text: string) => text.replaceAll(/\s/g, "");
    expect(visible(terminal.text)).toBe(visible(`> ${long}!`));
  });
});
