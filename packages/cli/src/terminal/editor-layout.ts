import type { RowCursor } from "./live-rows.js";
import type { Style } from "./palette.js";
import { type ScreenRow, emptyRow, placeOf, rowOf } from "./screen-row.js";
import { graphemesOf, textWidth } from "./text-width.js";

/** What stands before the text. */
export interface EditorPrompt {
  first: ScreenRow;
  /** Before further lines. */
  next: ScreenRow;
}

/** Text that is being edited, as it is shown. */
export interface EditorLayout {
  rows: readonly ScreenRow[];
  cursor: RowCursor;
}

/** A tab as it is shown. */
const tab = "    ";

/**
 * A text that is being edited, a row for each of its lines: the terminal breaks them, also anew after a resize.
 *
 * @param cursor - Where in the text it stands.
 */
export function wholeLayout(text: string, cursor: number, prompt: EditorPrompt): EditorLayout {
  const rows = text.split("\n").map((line, number) => {
    const { text: mark, width } = number === 0 ? prompt.first : prompt.next;
    const shown = line.replaceAll("\t", tab);
    return { text: mark + shown, width: width + textWidth(shown) };
  });
  const before = text.slice(0, cursor).split("\n");
  const row = before.length - 1;
  const { width } = row === 0 ? prompt.first : prompt.next;
  return { rows, cursor: { row, column: width + textWidth((before[row] ?? "").replaceAll("\t", tab)) } };
}

/** A layout with a cell more where its last line is full, so that the cursor can stand behind it. */
export function withCursorCell({ rows, cursor }: EditorLayout, columns: number): EditorLayout {
  const last = rows.at(-1) ?? emptyRow;
  if (placeOf(last, last.width, columns).column < columns) return { rows, cursor };
  return { rows: [...rows.slice(0, -1), { text: `${last.text} `, width: last.width + 1 }], cursor };
}

/**
 * Breaks a text that is being edited, at the characters with which rows are full: a cell is left for the cursor.
 *
 * @param cursor - Where in the text it stands.
 */
export function brokenLayout(text: string, cursor: number, prompt: EditorPrompt, columns: number): EditorLayout {
  const rows: ScreenRow[] = [];
  let row = prompt.first;
  let place: RowCursor = { row: 0, column: row.width };
  /** Of the next character in the text. */
  let index = 0;
  const begin = () => {
    rows.push(row);
    row = prompt.next;
  };
  const note = () => {
    if (index === cursor) place = { row: rows.length, column: row.width };
  };
  for (const [number, line] of text.split("\n").entries()) {
    if (number > 0) {
      begin();
      index += 1;
    }
    note();
    for (const { text: character, width } of graphemesOf(line)) {
      const isTab = character === "\t";
      const cells = isTab ? tab.length : width;
      if (row.width + cells > columns - 1 && row.width > prompt.next.width) begin();
      note();
      row = { text: row.text + (isTab ? tab : character), width: row.width + cells };
      index += character.length;
      note();
    }
  }
  rows.push(row);
  return { rows, cursor: place };
}

/** As much of a layout as fits the screen, around the cursor. */
export function visiblePart({ rows, cursor }: EditorLayout, height: number): EditorLayout {
  if (rows.length <= height) return { rows, cursor };
  const first = Math.max(0, Math.min(cursor.row - Math.floor(height / 2), rows.length - height));
  return { rows: rows.slice(first, first + height), cursor: { row: cursor.row - first, column: cursor.column } };
}

/** A prompt of one style, and as many spaces before further lines. */
export function editorPrompt(mark: string, style: Style): EditorPrompt {
  const first = rowOf(style(mark), mark);
  return { first, next: first.width === 0 ? emptyRow : rowOf(" ".repeat(first.width)) };
}
