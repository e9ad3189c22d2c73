import { describe, expect, test } from "vitest";
import { LiveRows } from "../src/terminal/live-rows.ts";
import { rowOf } from "../src/terminal/screen-row.ts";
import { VirtualTerminal } from "./virtual-terminal.ts";

function live(columns = 20, rows = 6) {
  const terminal = new VirtualTerminal(columns, rows);
  return { terminal, live: new LiveRows(terminal) };
}

const rowsOf = (...texts: string[]) => texts.map((text) => rowOf(text));

describe("rows that change", () => {
  test("are written once, and nothing is blanked before", () => {
    const { terminal, live: rows } = live();
    rows.show(rowsOf("one", "two"));
    rows.show(rowsOf("one", "two, and more"));
    rows.show(rowsOf("one", "two, and more", "three"));
    rows.show(rowsOf("one", "TWO", "three"));
    expect(terminal.writes).toEqual([
      "one\u001B[K\r\ntwo\u001B[K",
      ", and more\u001B[K",
      "\r\nthree\u001B[K",
      "\u001B[1A\rTWO\u001B[K\r\nthree\u001B[K",
    ]);
    expect(terminal.text).toBe("one\nTWO\nthree");
  });

  test("that stay are not written at all", () => {
    const { terminal, live: rows } = live();
    rows.show(rowsOf("one", "two"));
    rows.show(rowsOf("one", "two"));
    expect(terminal.writes).toHaveLength(1);
  });

  test("are fewer, and what follows stands where they ended", () => {
    const { terminal, live: rows } = live();
    rows.show(rowsOf("one", "two", "three"));
    rows.show(rowsOf("one"));
    expect(terminal.text).toBe("one");
    rows.end();
    terminal.write("next");
    expect(terminal.text).toBe("one\nnext");
  });

  test.each([
    [["x".repeat(20), "two"], ["x".repeat(20)]],
    [["x".repeat(45), "two"], ["y".repeat(40)]],
    [["漢".repeat(15), "two"], ["漢".repeat(12)]],
    [
      ["漢a".repeat(15), "two", "three"],
      ["a漢".repeat(9), "2"],
    ],
    [["short"], ["x".repeat(60), "x".repeat(20), "end"]],
  ])("%j become %j, where lines are full and broken", (before, after) => {
    for (const columns of [20, 19, 7, 3]) {
      const { terminal, live: rows } = live(columns, 60);
      terminal.write("above\r\n");
      rows.show(rowsOf(...before));
      rows.show(rowsOf(...after));
      rows.end();
      terminal.write("below");
      const expected = new VirtualTerminal(columns, 60);
      expected.write(["above", ...after, "below"].join("\r\n"));
      expect(terminal.text).toBe(expected.text);
    }
  });

  test("that left the screen stay, and those that settled", () => {
    const { terminal, live: rows } = live(20, 3);
    rows.show(rowsOf("1", "2", "3", "4", "5"));
    expect(rows.fixed).toBe(2);
    rows.show(rowsOf("1", "2", "3", "4", "five"));
    expect(terminal.text).toBe("1\n2\n3\n4\nfive");
    rows.settle(4);
    rows.show(rowsOf("FIVE"));
    expect(terminal.text).toBe("1\n2\n3\n4\nFIVE");
    rows.settle(1);
    rows.show(rowsOf("6"));
    expect(terminal.text).toBe("1\n2\n3\n4\nFIVE\n6");
  });

  test("have the cursor where it belongs", () => {
    const { terminal, live: rows } = live(10, 6);
    rows.show(rowsOf("> 漢字漢字漢字漢字", "more"), { row: 0, column: 4 });
    expect(terminal.cursor).toEqual({ row: 0, column: 4 });
    rows.show(rowsOf("> 漢字漢字漢字漢字", "more"), { row: 0, column: 14 });
    expect(terminal.cursor).toEqual({ row: 1, column: 4 });
    rows.clear();
    expect(terminal.text).toBe("");
    expect(terminal.cursor).toEqual({ row: 0, column: 0 });
  });
});
