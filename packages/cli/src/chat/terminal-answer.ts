import { MarkdownDisplay } from "../markdown/markdown-display.js";
import { printable } from "../output/printable.js";
import type { TextOutput } from "../output/text-output.js";
import { FlowingText } from "../terminal/flowing-text.js";
import { LiveRows } from "../terminal/live-rows.js";
import { PacedText } from "../terminal/paced-text.js";
import type { Palette } from "../terminal/palette.js";
import { rowOf } from "../terminal/screen-row.js";
import type { AnswerView } from "./chat-surface.js";

type Part =
  | { kind: "none" }
  | { kind: "progress" }
  | { kind: "reasoning"; text: FlowingText; isEmpty: boolean }
  | { kind: "markdown"; display: MarkdownDisplay; text: PacedText }
  | { kind: "plain"; text: FlowingText };

/** How an answer looks at a terminal. */
export interface TerminalAnswerOptions {
  palette: Palette;
  /** Without Markdown. */
  isPlain: boolean;
}

/** An answer at a terminal: reasoning dimmed, text as Markdown, tools between. */
export class TerminalAnswer implements AnswerView {
  readonly #live: LiveRows;
  readonly #screen: TextOutput;
  readonly #palette: Palette;
  readonly #isPlain: boolean;
  readonly #unhook: () => void;
  #part: Part = { kind: "none" };

  constructor(screen: TextOutput, { palette, isPlain }: TerminalAnswerOptions) {
    this.#screen = screen;
    this.#live = new LiveRows(screen);
    this.#palette = palette;
    this.#isPlain = isPlain;
    this.#unhook = screen.onResize(() => this.#live.noteSize());
  }

  progress(text: string): void {
    if (this.#part.kind !== "none" && this.#part.kind !== "progress") return;
    this.#part = { kind: "progress" };
    const line = text.slice(0, this.#live.columns - 1);
    this.#live.show([rowOf(this.#palette.dim(line), line)]);
  }

  reasoning(text: string): void {
    if (this.#part.kind !== "reasoning") {
      this.#endPart();
      this.#part = { kind: "reasoning", text: new FlowingText(this.#live, this.#palette.dim), isEmpty: true };
    }
    // What a model thinks begins and ends with newlines.
    const shown = this.#part.isEmpty ? printable(text).trimStart() : printable(text);
    if (shown === "") return;
    this.#part.isEmpty = false;
    this.#part.text.add(shown);
  }

  async content(text: string): Promise<void> {
    if (this.#part.kind === "plain") {
      this.#part.text.add(printable(text));
      return;
    }
    if (this.#part.kind !== "markdown") {
      if (text.trim() === "") return;
      const isBehindReasoning = this.#part.kind === "reasoning";
      this.#endPart();
      if (isBehindReasoning) this.#screen.write("\r\n");
      if (this.#isPlain) {
        this.#part = { kind: "plain", text: new FlowingText(this.#live, this.#palette.plain) };
        this.#part.text.add(printable(text).trimStart());
        return;
      }
      const display = new MarkdownDisplay(this.#live, this.#palette);
      this.#part = { kind: "markdown", display, text: new PacedText((some) => display.write(some)) };
    }
    this.#part.text.add(text);
  }

  tool(text: string): void {
    this.#endPart();
    this.#screen.write(`${this.#palette.dim(text)}\r\n`);
  }

  end(note?: string): void {
    this.#endPart();
    this.#unhook();
    if (note !== undefined) this.#screen.write(`${this.#palette.dim(note)}\r\n`);
  }

  #endPart(): void {
    const part = this.#part;
    this.#part = { kind: "none" };
    switch (part.kind) {
      case "none":
        return;
      case "progress":
        return this.#live.clear();
      case "markdown":
        part.text.flush();
        return part.display.end();
      case "reasoning":
      case "plain":
        return this.#live.end();
    }
  }
}
