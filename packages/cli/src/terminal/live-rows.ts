import { type ScreenRow, emptyRow, linesOf, placeOf } from "./screen-row.js";

/** Where the cursor stands in rows: in which, and behind how many cells of it. */
export interface RowCursor {
  row: number;
  column: number;
}

/** What rows are shown on: its size at this moment, and how it is written to. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

/**
 * The last rows of a terminal's output, which may still change.
 *
 * Each change writes the rows from the first that differs, each over what stood there, in one write: nothing is blanked first, so
 * that nothing flickers, and nothing that stays is written twice. Rows that have left the screen cannot change any more, see
 * {@link LiveRows.fixed}.
 *
 * After a resize the terminal has broken rows anew, as most do. What they are is as it was; where they begin is counted by the new
 * width, and may have left the screen all the same: terminals differ in what they move out of it.
 */
export class LiveRows {
  readonly #screen: Screen;
  #rows: readonly ScreenRow[] = [];
  #cursor: RowCursor = { row: 0, column: 0 };
  /** The width of the screen when they were shown. */
  #columns: number;
  #wasResized = false;
  /** Rows that have left the screen once: not all terminals bring them back to one that grew. */
  #fixed = 0;
  /** All rows were settled: the cursor is behind the last of them. */
  #isBehindSettled = false;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#columns = screen.columns;
  }

  get columns(): number {
    return this.#screen.columns;
  }

  /** Lines of the screen. */
  get height(): number {
    return this.#screen.rows;
  }

  /** What is shown. */
  get shown(): readonly ScreenRow[] {
    return this.#rows;
  }

  /** Whether the screen had another width since what is shown was written. */
  get isResized(): boolean {
    this.noteSize();
    return this.#wasResized;
  }

  /** How many of the rows shown have left the screen, or have a part that did. */
  get fixed(): number {
    this.noteSize();
    return this.#fixed;
  }

  /** The screen may have another size. Told of each, rows that left it for a moment are known to be out of reach. */
  noteSize(): void {
    const { columns, rows } = this.#screen;
    if (this.#rows.length > 0 && columns !== this.#columns) this.#wasResized = true;
    let lines = 0;
    for (let index = this.#rows.length - 1; index >= this.#fixed; index -= 1) {
      lines += linesOf(this.#rows[index] ?? emptyRow, columns);
      if (lines > rows) this.#fixed = index + 1;
    }
  }

  /**
   * Shows rows instead of those that are shown.
   *
   * @param rows - Those that are {@link LiveRows.fixed} must be as they were.
   * @param cursor - Where the cursor goes; behind the last row.
   */
  show(rows: readonly ScreenRow[], cursor: RowCursor = endOf(rows)): void {
    const first = Math.max(this.fixed, firstDifference(this.#rows, rows));
    let output = "";
    if (first < rows.length || first < this.#rows.length) output += this.#replace(rows, first);
    this.#rows = rows;
    this.#columns = this.#screen.columns;
    this.#wasResized = false;
    output += this.#moveTo(cursor);
    if (output !== "") this.#screen.write(output);
  }

  /** The first `count` rows are no longer ours: they stay as they are. */
  settle(count: number): void {
    if (count <= 0 || this.#rows.length === 0) return;
    if (count >= this.#rows.length) {
      const move = this.#moveTo(endOf(this.#rows));
      if (move !== "") this.#screen.write(move);
      this.#forget();
      this.#isBehindSettled = true;
      return;
    }
    this.#rows = this.#rows.slice(count);
    this.#fixed = Math.max(0, this.#fixed - count);
    this.#cursor = { row: this.#cursor.row - count, column: this.#cursor.column };
  }

  /** All rows stay as they are, and what is written next begins on a line of its own. */
  end(): void {
    this.settle(this.#rows.length);
    if (this.#isBehindSettled) this.#screen.write("\r\n");
    this.#isBehindSettled = false;
  }

  /** The rows go, and the cursor is where they began. */
  clear(): void {
    if (this.#rows.length === 0) return;
    this.#screen.write(`${this.#moveTo({ row: this.fixed, column: 0 })}\u001B[J`);
    this.#forget();
  }

  #forget(): void {
    this.#rows = [];
    this.#cursor = { row: 0, column: 0 };
    this.#columns = this.#screen.columns;
    this.#fixed = 0;
    this.#wasResized = false;
  }

  /** Writes the rows from `first` on, over what stands there. */
  #replace(rows: readonly ScreenRow[], first: number): string {
    const { columns } = this.#screen;
    const before = this.#rows[first];
    const begun = rows[first];
    let output: string;
    const added = before !== undefined && this.#isBehind(first) ? addedText(before, begun) : undefined;
    if (added !== undefined && begun !== undefined) output = added + clearAfter(begun, columns);
    else {
      output = before === undefined ? this.#nextLine() : this.#moveTo({ row: first, column: 0 });
      if (begun !== undefined) output += begun.text + clearAfter(begun, columns);
    }
    for (const row of rows.slice(first + 1)) output += `\r\n${row.text}${clearAfter(row, columns)}`;
    output += this.#clearBelow(rows, first);
    this.#cursor = first < rows.length ? endOf(rows) : { row: first, column: 0 };
    return output;
  }

  #isBehind(row: number): boolean {
    return this.#cursor.row === row && this.#cursor.column === this.#rows[row]?.width;
  }

  #nextLine(): string {
    if (this.#rows.length > 0) return `${this.#moveTo(endOf(this.#rows))}\r\n`;
    const line = this.#isBehindSettled ? "\r\n" : "";
    this.#isBehindSettled = false;
    return line;
  }

  #moveTo(target: RowCursor): string {
    const isThere = this.#cursor.row === target.row && this.#cursor.column === target.column;
    if (isThere) return "";
    const from = this.#placeOf(this.#cursor);
    const to = this.#placeOf(target);
    this.#cursor = target;
    return vertical(to.line - from.line) + horizontal(to.column);
  }

  /** Where a place is on our lines. */
  #placeOf({ row, column }: RowCursor): { line: number; column: number } {
    const { columns } = this.#screen;
    const above = this.#rows.slice(0, row).reduce((sum, one) => sum + linesOf(one, columns), 0);
    const place = placeOf(this.#rows[row] ?? emptyRow, column, columns);
    return { line: above + place.line, column: place.column };
  }

  /** Clears what stood below, where there are fewer lines now. */
  #clearBelow(rows: readonly ScreenRow[], first: number): string {
    const { columns } = this.#screen;
    const lines = (of: readonly ScreenRow[]) => of.slice(first).reduce((sum, row) => sum + linesOf(row, columns), 0);
    if (lines(rows) >= lines(this.#rows)) return "";
    const last = rows.at(-1);
    if (last === undefined || !isFull(last, columns)) return "\u001B[J";
    // Behind a line that is full, clearing would take its last character. There is a line below, which goes.
    return `\r\n\u001B[J\u001B[A${horizontal(columns)}`;
  }
}

function firstDifference(before: readonly ScreenRow[], after: readonly ScreenRow[]): number {
  const shared = Math.min(before.length, after.length);
  for (let index = 0; index < shared; index += 1) {
    if (before[index]?.text !== after[index]?.text) return index;
  }
  return shared;
}

/** What a row has more at its end, where no character is another by it: marks belong to what they are on. */
function addedText(before: ScreenRow, after: ScreenRow | undefined): string | undefined {
  if (after?.text.startsWith(before.text) !== true) return undefined;
  const added = after.text.slice(before.text.length);
  return /^[ -~]/.test(added) || added.startsWith("\u001B") ? added : undefined;
}

function endOf(rows: readonly ScreenRow[]): RowCursor {
  return { row: Math.max(0, rows.length - 1), column: rows.at(-1)?.width ?? 0 };
}

function clearAfter(row: ScreenRow, columns: number): string {
  return isFull(row, columns) ? "" : "\u001B[K";
}

/** Whether the last line of a row is full. */
function isFull(row: ScreenRow, columns: number): boolean {
  return row.width > 0 && placeOf(row, row.width, columns).column === columns;
}

function vertical(lines: number): string {
  if (lines === 0) return "";
  return lines < 0 ? `\u001B[${-lines}A` : `\u001B[${lines}B`;
}

function horizontal(column: number): string {
  return column === 0 ? "\r" : `\r\u001B[${column}C`;
}
