import { printableLine } from "../output/printable.js";
import {
  type EditorLayout,
  type EditorPrompt,
  brokenLayout,
  editorPrompt,
  visiblePart,
  wholeLayout,
  withCursorCell,
} from "./editor-layout.js";
import { HistorySearch } from "./history-search.js";
import type { KeyReader, TerminalInput } from "./key-reader.js";
import { LineBuffer } from "./line-buffer.js";
import { LiveRows, type Screen } from "./live-rows.js";
import type { Palette } from "./palette.js";
import { type ScreenRow, linesOf } from "./screen-row.js";
import { wrapSpans } from "./styled-text.js";

/** What can complete a word. */
export interface Completion {
  /** Where the word begins. */
  from: number;
  candidates: readonly string[];
}

/** What is edited, and how. */
export interface LineEditing {
  prompt: string;
  /** Earlier inputs, the oldest first. */
  history: readonly string[];
  /** Whether Enter begins another line. */
  needsMore(text: string): boolean;
  /** What can stand at the end of a text. */
  complete(text: string): Promise<Completion>;
  /** Stops the program until it is continued. */
  suspend?: (() => Promise<void>) | undefined;
}

/** What came of an edit. */
export type EditedLine =
  | { kind: "line"; text: string }
  /** Ctrl-C where nothing was written. */
  | { kind: "interrupt" }
  /** Ctrl-D where nothing was written, or the terminal has gone. */
  | { kind: "end" };

/** Candidates of a completion that are shown at once. */
const mostCandidates = 24;

type Key = Extract<TerminalInput, { kind: "key" }>;

/**
 * Edits text of one or more lines on a terminal, with the keys that shells have.
 *
 * It is not Node's `readline`, which knows one line only: Enter in pasted text would end it.
 */
export class LineEditor {
  readonly #keys: KeyReader;
  readonly #screen: Screen;
  readonly #live: LiveRows;
  readonly #palette: Palette;
  readonly #buffer = new LineBuffer();
  #editing: LineEditing | undefined;
  #search: HistorySearch | undefined;
  /** Which entry of the history is shown; its length where what is written is. */
  #entry = 0;
  /** What was written before an older entry was shown. */
  #draft = "";
  #candidates: readonly string[] = [];

  constructor(keys: KeyReader, screen: Screen, palette: Palette) {
    this.#keys = keys;
    this.#screen = screen;
    this.#live = new LiveRows(screen);
    this.#palette = palette;
  }

  /** Reads one input. */
  async read(editing: LineEditing): Promise<EditedLine> {
    this.#editing = editing;
    this.#buffer.set("");
    this.#entry = editing.history.length;
    this.#candidates = [];
    try {
      for (;;) {
        this.#show();
        const result = await this.#act(await this.#keys.next(), editing);
        if (result !== undefined) return result;
      }
    } finally {
      this.#editing = undefined;
      this.#search = undefined;
    }
  }

  /** Shows what is edited anew: the screen has another size. */
  refresh(): void {
    if (this.#editing !== undefined) this.#show();
  }

  /** Applies an input, and all that came with it, before anything is shown. */
  async #act(first: TerminalInput, editing: LineEditing): Promise<EditedLine | undefined> {
    for (let input: TerminalInput | undefined = first; input !== undefined; input = this.#keys.take()) {
      const result = await this.#apply(input, editing);
      if (result === undefined) continue;
      this.#finish(result);
      return result;
    }
    return undefined;
  }

  async #apply(input: TerminalInput, editing: LineEditing): Promise<EditedLine | undefined> {
    this.#candidates = [];
    switch (input.kind) {
      case "end":
        return { kind: "end" };
      case "paste":
        this.#endSearch();
        this.#buffer.insert(input.text);
        return undefined;
      case "key":
        if (this.#search !== undefined && this.#searchKey(input, this.#search)) return undefined;
        return this.#key(input, editing);
    }
  }

  async #key(key: Key, editing: LineEditing): Promise<EditedLine | undefined> {
    const buffer = this.#buffer;
    if (key.text !== "") {
      buffer.insert(key.text);
      return undefined;
    }
    switch (chordOf(key)) {
      case "return":
        return this.#enter(editing);
      case "ctrl+c":
        if (buffer.text === "") return { kind: "interrupt" };
        buffer.cutAll();
        this.#entry = editing.history.length;
        return undefined;
      case "ctrl+d":
        if (buffer.text === "") return { kind: "end" };
        buffer.deleteRight();
        return undefined;
      case "tab":
        await this.#complete(editing);
        return undefined;
      case "ctrl+r":
        this.#search = new HistorySearch(editing.history);
        return undefined;
      case "ctrl+l":
        this.#live.clear();
        this.#screen.write("\u001B[H\u001B[2J");
        return undefined;
      case "ctrl+z":
        await this.#suspend(editing);
        return undefined;
      case "up":
        if (!buffer.up()) this.#showEntry(this.#entry - 1, editing);
        return undefined;
      case "down":
        if (!buffer.down()) this.#showEntry(this.#entry + 1, editing);
        return undefined;
      case "ctrl+p":
        this.#showEntry(this.#entry - 1, editing);
        return undefined;
      case "ctrl+n":
        this.#showEntry(this.#entry + 1, editing);
        return undefined;
      default:
        edits[chordOf(key)]?.(buffer);
        return undefined;
    }
  }

  #enter(editing: LineEditing): EditedLine | undefined {
    const buffer = this.#buffer;
    const isAtEnd = buffer.cursor === buffer.text.length;
    if (isAtEnd && buffer.text.endsWith("\\")) {
      buffer.set(`${buffer.text.slice(0, -1)}\n`);
      return undefined;
    }
    if (editing.needsMore(buffer.text)) {
      buffer.insert("\n");
      return undefined;
    }
    return { kind: "line", text: buffer.text };
  }

  /** A key while the history is searched; false where it ends the search and does what it does. */
  #searchKey(key: Key, search: HistorySearch): boolean {
    if (key.text !== "") {
      search.add(key.text);
      return true;
    }
    switch (chordOf(key)) {
      case "ctrl+r":
        search.older();
        return true;
      case "backspace":
        search.shorten();
        return true;
      case "ctrl+c":
      case "ctrl+g":
      case "escape":
        this.#search = undefined;
        return true;
      default:
        this.#endSearch();
        return false;
    }
  }

  /** What was found is what is edited. */
  #endSearch(): void {
    const found = this.#search?.found;
    this.#search = undefined;
    if (found !== undefined) this.#buffer.set(found);
  }

  #showEntry(index: number, { history }: LineEditing): void {
    if (index < 0 || index > history.length) return;
    if (this.#entry === history.length) this.#draft = this.#buffer.text;
    this.#entry = index;
    this.#buffer.set(history[index] ?? this.#draft);
  }

  async #complete({ complete }: LineEditing): Promise<void> {
    const { text, cursor } = this.#buffer;
    if (cursor !== text.length) return;
    const { from, candidates } = await complete(text);
    const [first, ...others] = candidates;
    if (first === undefined) return;
    const shared = others.reduce(sharedBeginning, first);
    const isWhole = others.length === 0;
    const completed = text.slice(0, from) + shared + (isWhole ? " " : "");
    if (completed.length > text.length) this.#buffer.set(completed);
    else this.#candidates = candidates.slice(0, mostCandidates);
  }

  async #suspend({ suspend }: LineEditing): Promise<void> {
    if (suspend === undefined) return;
    this.#live.end();
    await suspend();
  }

  /** What is edited stays as it is; what comes next begins below. */
  #finish(result: EditedLine): void {
    this.#search = undefined;
    const { rows } = this.#layout();
    if (result.kind === "line") {
      this.#showRows(rows);
      this.#live.end();
    } else {
      this.#live.clear();
    }
  }

  #show(): void {
    const { columns, height } = this.#live;
    const whole = withCursorCell(this.#layout(), columns);
    const lines = whole.rows.reduce((sum, row) => sum + linesOf(row, columns), 0);
    const room = Math.max(1, height - 1);
    // What does not fit the screen is shown in part, around the cursor.
    const { rows, cursor } = lines <= room ? whole : visiblePart(this.#brokenLayout(), room);
    this.#showRows([...rows, ...this.#candidateRows()], cursor);
  }

  #showRows(...[rows, cursor]: Parameters<LiveRows["show"]>): void {
    // After the screen has shrunk: what left it cannot be taken back.
    this.#live.settle(this.#live.fixed);
    this.#live.show(rows, cursor);
  }

  #layout(): EditorLayout {
    const search = this.#search;
    if (search === undefined) return wholeLayout(this.#buffer.text, this.#buffer.cursor, this.#prompt());
    const text = printableLine(search.found ?? (search.query === "" ? "" : "(nothing)"));
    const mark = `(search) ${printableLine(search.query)}: `;
    return wholeLayout(text, text.length, editorPrompt(mark, this.#palette.dim));
  }

  #brokenLayout(): EditorLayout {
    return brokenLayout(this.#buffer.text, this.#buffer.cursor, this.#prompt(), this.#live.columns);
  }

  #prompt(): EditorPrompt {
    return editorPrompt(this.#editing?.prompt ?? "", this.#palette.prompt);
  }

  #candidateRows(): ScreenRow[] {
    if (this.#candidates.length === 0) return [];
    const text = this.#candidates.map((candidate) => candidate.trim()).join("  ");
    return wrapSpans([{ text, style: this.#palette.dim }], this.#live.columns);
  }
}

/** Keys that change the text, or where the cursor stands, and nothing else. */
const edits: Readonly<Record<string, (buffer: LineBuffer) => void>> = {
  "meta+return": (buffer) => buffer.insert("\n"),
  enter: (buffer) => buffer.insert("\n"),
  "ctrl+j": (buffer) => buffer.insert("\n"),
  left: (buffer) => buffer.left(),
  "ctrl+b": (buffer) => buffer.left(),
  right: (buffer) => buffer.right(),
  "ctrl+f": (buffer) => buffer.right(),
  "ctrl+left": (buffer) => buffer.wordLeft(),
  "meta+left": (buffer) => buffer.wordLeft(),
  "meta+b": (buffer) => buffer.wordLeft(),
  "ctrl+right": (buffer) => buffer.wordRight(),
  "meta+right": (buffer) => buffer.wordRight(),
  "meta+f": (buffer) => buffer.wordRight(),
  home: (buffer) => buffer.lineStart(),
  "ctrl+a": (buffer) => buffer.lineStart(),
  end: (buffer) => buffer.lineEnd(),
  "ctrl+e": (buffer) => buffer.lineEnd(),
  backspace: (buffer) => buffer.deleteLeft(),
  "ctrl+h": (buffer) => buffer.deleteLeft(),
  delete: (buffer) => buffer.deleteRight(),
  "ctrl+k": (buffer) => buffer.cutRight(),
  "ctrl+u": (buffer) => buffer.cutLeft(),
  "ctrl+w": (buffer) => buffer.cutWordLeft(),
  "meta+backspace": (buffer) => buffer.cutWordLeft(),
  "meta+d": (buffer) => buffer.cutWordRight(),
  "ctrl+y": (buffer) => buffer.paste(),
};

function chordOf({ name, ctrl, meta }: Key): string {
  return `${ctrl ? "ctrl+" : ""}${meta && name !== "escape" ? "meta+" : ""}${name}`;
}

function sharedBeginning(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  return left.slice(0, length);
}
