import { isCancel, select } from "@clack/prompts";
import type { CommandContext } from "../command-context.js";
import { MarkdownDisplay } from "../markdown/markdown-display.js";
import { printable } from "../output/printable.js";
import type { KeyReader } from "../terminal/key-reader.js";
import { LiveRows } from "../terminal/live-rows.js";
import type { Palette, Style } from "../terminal/palette.js";
import { wrapSpans } from "../terminal/styled-text.js";
import type { AnswerView, ChatSurface, Choice, Reply } from "./chat-surface.js";
import { TerminalAnswer } from "./terminal-answer.js";

/** What a terminal chat looks like, and where its keys come from. */
export interface TerminalSurfaceOptions {
  keys: KeyReader;
  palette: Palette;
  /** Without Markdown. */
  isPlain: boolean;
}

/** A chat at a terminal. */
export class TerminalSurface implements ChatSurface {
  readonly palette: Palette;
  readonly #context: CommandContext;
  readonly #keys: KeyReader;
  readonly #isPlain: boolean;

  constructor(context: CommandContext, { keys, palette, isPlain }: TerminalSurfaceOptions) {
    this.palette = palette;
    this.#context = context;
    this.#keys = keys;
    this.#isPlain = isPlain;
  }

  say(text: string): void {
    this.#lines(text, this.palette.plain);
  }

  note(text: string): void {
    this.#lines(text, this.palette.dim);
  }

  fail(text: string): void {
    this.#lines(text, this.palette.error);
  }

  show(markdown: string): void {
    if (this.#isPlain) return this.say(markdown);
    const display = new MarkdownDisplay(new LiveRows(this.#context.stdout), this.palette);
    display.write(markdown);
    return display.end();
  }

  beginAnswer(): AnswerView {
    return new TerminalAnswer(this.#context.stdout, { palette: this.palette, isPlain: this.#isPlain });
  }

  async ask<T extends string>(
    question: string,
    replies: readonly Reply<T>[],
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const offered = replies.map(({ label }) => `[${label.slice(0, 1)}]${label.slice(1)}`).join(" / ");
    const { stdout } = this.#context;
    stdout.write(`${this.palette.warning(printable(question))} ${offered} `);
    const reply = await this.#reply(replies, signal);
    stdout.write(`${replies.find(({ value }) => value === reply)?.label ?? ""}\r\n`);
    return reply;
  }

  async choose<T>(message: string, choices: readonly Choice<T>[]): Promise<T | undefined> {
    const { environment, interruption } = this.#context;
    // It reads keys by itself.
    this.#keys.stop();
    try {
      const options = choices.map(({ label, hint }, value) => ({
        value,
        label: printable(label),
        ...(hint !== undefined && { hint }),
      }));
      const chosen = await select<number>({
        message,
        options,
        maxItems: 12,
        input: environment.stdin,
        output: environment.stdout,
        signal: interruption.signal,
      });
      return isCancel(chosen) ? undefined : choices[chosen]?.value;
    } finally {
      this.#keys.start();
    }
  }

  clearScreen(): void {
    this.#context.stdout.write("\u001B[H\u001B[2J");
  }

  onInterrupt(handler: () => void): () => void {
    this.#keys.onInterrupt = handler;
    return () => {
      this.#keys.onInterrupt = undefined;
    };
  }

  async #reply<T extends string>(replies: readonly Reply<T>[], signal?: AbortSignal): Promise<T | undefined> {
    for (;;) {
      const input = await this.#keyUntil(signal);
      if (input === undefined || input.kind === "end") return undefined;
      if (input.kind === "paste") continue;
      // Ctrl-C comes here where nothing else is to be stopped.
      if (input.name === "escape" || (input.ctrl && (input.name === "c" || input.name === "d"))) return undefined;
      const reply = replies.find(({ label }) => label.startsWith(input.text.toLowerCase()) && input.text !== "");
      if (reply !== undefined) return reply.value;
    }
  }

  /** The next input; nothing once the signal has fired. */
  async #keyUntil(signal: AbortSignal | undefined) {
    if (signal === undefined) return this.#keys.next();
    if (signal.aborted) return undefined;
    let leave = () => {};
    const left = new Promise<undefined>((resolve) => {
      leave = () => {
        this.#keys.leave();
        resolve(undefined);
      };
      signal.addEventListener("abort", leave, { once: true });
    });
    try {
      return await Promise.race([this.#keys.next(), left]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #lines(text: string, style: Style): void {
    const { stdout } = this.#context;
    const rows = wrapSpans([{ text: printable(text), style }], stdout.columns);
    stdout.write(rows.map((row) => `${row.text}\r\n`).join(""));
  }
}
