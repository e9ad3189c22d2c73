import { Lexer } from "marked";

/** A part of a document that is complete: nothing that comes can change it. */
export type MarkdownPiece =
  /** A block with its blocks: a paragraph, a list, a table, … */
  | { kind: "block"; source: string }
  | { kind: "code_begin"; language: string }
  | { kind: "code_line"; text: string }
  | { kind: "code_end" }
  /** Of what goes on as text: as it came. */
  | { kind: "text"; text: string; isEnd: boolean };

/** The part that is not complete: what is there of a block, or of a line of code. */
export type OpenPiece = { kind: "block"; source: string } | { kind: "code_line"; text: string } | { kind: "none" };

type State =
  | { kind: "blocks" }
  | { kind: "code"; character: string; length: number; indent: number }
  | { kind: "text" };

/** The beginning of a line that is no mark of a block, whatever follows. */
const beginsText = /^ {0,3}[*_"'(]{0,3}\p{L}{2}/u;

const fence = /^( {0,3})(`{3,}|~{3,})([^\n]*)\n/;

/**
 * Cuts a document that is being written into complete parts.
 *
 * A block is complete when another has begun on a line that is complete, since up to then lists, quotes and tables can go on. Code
 * between fences is complete line by line. So what is complete follows from the lines alone, however they came.
 */
export class MarkdownSplitter {
  /** What no piece has. */
  #rest = "";
  #state: State = { kind: "blocks" };

  /** Adds text; the pieces that it completes. */
  push(text: string): MarkdownPiece[] {
    const decided = this.#decided.length;
    this.#rest += text;
    const isNew = this.#state.kind !== "blocks" || this.#hasNewLine(decided);
    return isNew ? [...this.#pieces()] : [];
  }

  /** What comes up to the next blank line is text, without the first `shown` characters of what is open. */
  continueAsText(shown: number): void {
    this.#take(shown);
    this.#state = { kind: "text" };
  }

  /** As it is now, to go back to. */
  copy(): MarkdownSplitter {
    const copy = new MarkdownSplitter();
    copy.#rest = this.#rest;
    copy.#state = this.#state;
    return copy;
  }

  /** What is there of the next piece. */
  get open(): OpenPiece {
    if (this.#rest === "" || this.#state.kind === "text") return { kind: "none" };
    if (this.#state.kind === "blocks") return { kind: "block", source: this.#rest };
    // It may be the beginning of the fence that closes.
    if (/^ {0,3}(?:`+|~+)\s*$/.test(this.#rest)) return { kind: "none" };
    return { kind: "code_line", text: unindented(this.#rest, this.#state.indent) };
  }

  /** The document ends here: the rest is complete. */
  end(): MarkdownPiece[] {
    const pieces = this.#rest === "" || this.#rest.endsWith("\n") ? [] : this.push("\n");
    const rest = this.#rest;
    const state = this.#state;
    this.#rest = "";
    this.#state = { kind: "blocks" };
    switch (state.kind) {
      case "blocks":
        return rest.trim() === "" ? pieces : [...pieces, { kind: "block", source: rest }];
      case "code":
        return [...pieces, { kind: "code_end" }];
      case "text":
        return [...pieces, { kind: "text", text: rest.trimEnd(), isEnd: true }];
    }
  }

  *#pieces(): Generator<MarkdownPiece> {
    for (;;) {
      const before = this.#rest;
      const state = this.#state;
      switch (this.#state.kind) {
        case "blocks":
          yield* this.#blocks();
          break;
        case "code":
          yield* this.#codeLines(this.#state);
          break;
        case "text":
          yield* this.#text();
          break;
      }
      if (this.#rest === before && this.#state === state) return;
    }
  }

  *#blocks(): Generator<MarkdownPiece> {
    const blocks = blocksOf(this.#decided);
    for (const [index, { length, isBlank }] of blocks.entries()) {
      const source = this.#rest.slice(0, length);
      const [opening, indent = "", marks = "", language = ""] = fence.exec(source) ?? [];
      if (opening !== undefined && !(marks.startsWith("`") && language.includes("`"))) {
        this.#take(opening.length);
        this.#state = { kind: "code", character: marks.charAt(0), length: marks.length, indent: indent.length };
        return yield { kind: "code_begin", language: language.trim() };
      }
      if (!isBlank && !blocks.slice(index + 1).some((later) => !later.isBlank)) break;
      this.#take(length);
      if (!isBlank) yield { kind: "block", source };
    }
  }

  /** The lines that are complete, and the one that is not where it can only begin or go on with text. */
  get #decided(): string {
    const end = this.#rest.lastIndexOf("\n") + 1;
    return beginsText.test(this.#rest.slice(end)) ? this.#rest : this.#rest.slice(0, end);
  }

  /** Whether a line was completed or begun since so much was decided: else nothing can have become complete. */
  #hasNewLine(decided: number): boolean {
    const now = this.#decided;
    return now.length > decided && (decided === 0 || now.indexOf("\n", decided - 1) !== -1);
  }

  *#codeLines({ character, length, indent }: Extract<State, { kind: "code" }>): Generator<MarkdownPiece> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end === -1) return;
      const line = this.#rest.slice(0, end);
      this.#take(end + 1);
      const mark = line.trim();
      const isIndented = /^(?: {4}|\t)/.test(line);
      if (mark.length >= length && mark === character.repeat(mark.length) && !isIndented) {
        this.#state = { kind: "blocks" };
        return yield { kind: "code_end" };
      }
      yield { kind: "code_line", text: unindented(line, indent) };
    }
  }

  *#text(): Generator<MarkdownPiece> {
    const end = /\n[ \t]*\n/.exec(this.#rest)?.index;
    if (end !== undefined) this.#state = { kind: "blocks" };
    // A newline at the end may be the first of two.
    const text = end === undefined ? this.#rest.replace(/\n$/, "") : this.#rest.slice(0, end);
    this.#take(text.length);
    if (text !== "" || end !== undefined) yield { kind: "text", text, isEnd: end !== undefined };
  }

  #take(length: number): void {
    this.#rest = this.#rest.slice(length);
  }
}

/** How long the blocks of a text are, and the blank lines between them. */
function blocksOf(lines: string): { length: number; isBlank: boolean }[] {
  if (lines === "") return [];
  try {
    const tokens = new Lexer({ gfm: true }).blockTokens(lines);
    return tokens.map(({ raw, type }) => ({ length: raw.length, isBlank: type === "space" }));
  } catch {
    // Nested too deep to be read: it stays open until it ends, or is too long.
    return [{ length: lines.length, isBlank: false }];
  }
}

function unindented(line: string, indent: number): string {
  let start = 0;
  while (start < indent && line[start] === " ") start += 1;
  return line.slice(start);
}
