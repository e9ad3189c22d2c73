import type { Palette } from "../terminal/palette.js";

/** An answer while it comes. */
export interface AnswerView {
  /** What is done before the first word. */
  progress(text: string): void;
  reasoning(text: string): void;
  /** Resolves when there is room for more. */
  content(text: string): Promise<void>;
  /** Of a tool: what is done, and what it gave. */
  tool(text: string): void;
  /** The answer has ended; a note says why, where that is not plain. */
  end(note?: string): void;
}

/** A reply that a question offers, by the key of its first letter. */
export interface Reply<T extends string> {
  value: T;
  label: string;
}

/** Something to choose. */
export interface Choice<T> {
  value: T;
  label: string;
  hint?: string;
}

/** Where a conversation is held: at a terminal, or over pipes. */
export interface ChatSurface {
  readonly palette: Palette;
  /** What was asked for: a list, a state. */
  say(text: string): void;
  /** What the user should know. */
  note(text: string): void;
  fail(text: string): void;
  /** Shows an answer that was given earlier. */
  show(markdown: string): void;
  beginAnswer(): AnswerView;
  /** The reply to a question; nothing where nobody can be asked, or the signal fired. */
  ask<T extends string>(question: string, replies: readonly Reply<T>[], signal?: AbortSignal): Promise<T | undefined>;
  /** What was chosen; nothing where nobody can choose, or wants to. */
  choose<T>(message: string, choices: readonly Choice<T>[]): Promise<T | undefined>;
  /** Clears the screen, where there is one. */
  clearScreen(): void;
  /** Ctrl-C goes to `handler` until what is returned is called. */
  onInterrupt(handler: () => void): () => void;
}
