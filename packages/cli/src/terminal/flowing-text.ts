import type { LiveRows } from "./live-rows.js";
import type { Style } from "./palette.js";
import { type ScreenRow, emptyRow } from "./screen-row.js";
import { cellsOf, rowOfCells, wrapCells } from "./styled-text.js";

/**
 * Text of one style that grows at its end, broken between words. Only its last row can still change, so that it may be as long as
 * it likes.
 */
export class FlowingText {
  readonly #live: LiveRows;
  readonly #style: Style;
  /** What stands in front of the text on the last row. */
  #prefix: ScreenRow;
  /** The text of the last row. Characters may still get marks, so that it is no list of them. */
  #last = "";

  /** @param prefix - The row behind which the text begins. */
  constructor(live: LiveRows, style: Style, prefix: ScreenRow = emptyRow) {
    this.#live = live;
    this.#style = style;
    this.#prefix = prefix;
  }

  add(text: string): void {
    if (this.#live.isResized) {
      // The terminal has broken what is shown anew: it stays, and the text goes on behind it.
      this.#prefix = this.#live.shown.at(-1) ?? emptyRow;
      this.#last = / *$/.exec(this.#last)?.[0] ?? "";
    }
    const prefix = { ...this.#prefix, style: (prefixed: string) => prefixed };
    const cells = cellsOf([{ text: this.#last + text, style: this.#style }]);
    const rows = wrapCells(this.#prefix.width === 0 ? cells : [prefix, ...cells], this.#live.columns);
    this.#live.show(rows.map(rowOfCells));
    this.#live.settle(rows.length - 1);
    if (rows.length > 1) this.#prefix = emptyRow;
    const last = rows.at(-1) ?? [];
    this.#last = last
      .filter((cell) => cell !== prefix)
      .map((cell) => cell.text)
      .join("");
  }
}
