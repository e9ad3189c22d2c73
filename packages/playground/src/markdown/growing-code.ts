import type { CodeBlock } from "./block.js";

/** Lines that one piece has. */
const pieceLines = 100;

/** A fence's first line: at most three spaces, three or more backticks or tildes, the language. */
const opening = /^( {0,3})(`{3,}|~{3,})(.*)$/;

/** A fenced block of code as it comes, line by line (https://spec.commonmark.org/0.31.2/#fenced-code-blocks). */
export class GrowingCode {
  readonly #language: string;
  readonly #indent: RegExp;
  readonly #closing: RegExp;
  readonly #maybeClosing: RegExp;
  readonly #whole: string[] = [];
  #lines: string[] = [];
  /** The line that has no end yet. */
  #rest = "";

  private constructor(indent: string, fence: string, info: string) {
    this.#language = info.trim().split(/\s/, 1)[0] ?? "";
    this.#indent = new RegExp(`^ {0,${indent.length}}`);
    const [mark = "`"] = fence;
    this.#closing = new RegExp(`^ {0,3}${mark}{${fence.length},}[ \\t]*$`);
    this.#maybeClosing = new RegExp(`^ {0,3}${mark}*[ \\t]*$`);
  }

  /** The block that `text` opens, and what of the text is within it; nothing where it opens none. */
  static open(text: string): { code: GrowingCode; rest: string } | undefined {
    const end = text.indexOf("\n");
    const [, indent, fence, info] = (end === -1 ? null : opening.exec(text.slice(0, end))) ?? [];
    if (indent === undefined || fence === undefined || info === undefined) return undefined;
    // Else it is code within a line.
    if (fence.startsWith("`") && info.includes("`")) return undefined;
    return { code: new GrowingCode(indent, fence, info), rest: text.slice(end + 1) };
  }

  /** Takes text; gives back what stands behind the fence that closes the block. */
  add(text: string): string | undefined {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (let index = 0; index < lines.length; index += 1) {
      const line = lines[index] ?? "";
      if (this.#closing.test(line)) {
        const behind = [...lines.slice(index + 1), this.#rest].join("\n");
        this.#rest = "";
        return behind;
      }
      this.#addLine(line.replace(this.#indent, ""));
    }
    return undefined;
  }

  /** What has come. A last line that may become the closing fence is left out, unless nothing more comes. */
  block(isOver: boolean): CodeBlock {
    const rest = this.#rest.replace(this.#indent, "");
    const isFence = isOver ? this.#closing.test(this.#rest) : this.#maybeClosing.test(this.#rest);
    const isLine = this.#rest !== "" && !isFence;
    const lines = isLine ? [...this.#lines, rest] : this.#lines;
    const pieces = lines.length === 0 ? this.#whole : [...this.#whole, lines.join("\n")];
    return { kind: "code", language: this.#language, pieces };
  }

  #addLine(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length < pieceLines) return;
    this.#whole.push(this.#lines.join("\n"));
    this.#lines = [];
  }
}

/** Code that is all there, in pieces. */
export function codePieces(text: string): string[] {
  const lines = text.split("\n");
  const pieces: string[] = [];
  for (let at = 0; at < lines.length; at += pieceLines) pieces.push(lines.slice(at, at + pieceLines).join("\n"));
  return pieces;
}
