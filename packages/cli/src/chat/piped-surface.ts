import type { CommandContext } from "../command-context.js";
import { printable } from "../output/printable.js";
import type { TextOutput } from "../output/text-output.js";
import { type Palette, palette } from "../terminal/palette.js";
import type { AnswerView, ChatSurface } from "./chat-surface.js";

/** A chat over pipes: answers are plain text, all else goes to the error output, and nobody can be asked. */
export class PipedSurface implements ChatSurface {
  readonly palette: Palette = palette(false);
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  say(text: string): void {
    this.#context.stdout.write(`${this.#ofOutput(text)}\n`);
  }

  note(text: string): void {
    this.#context.stderr.write(`${text}\n`);
  }

  fail(text: string): void {
    this.#context.stderr.write(`error: ${text}\n`);
  }

  show(markdown: string): void {
    this.say(markdown);
  }

  beginAnswer(): AnswerView {
    return new PipedAnswer(this.#context.stdout, this.#context.stderr);
  }

  async ask(question: string): Promise<undefined> {
    this.note(`${question} Nobody is there to ask: no.`);
    return undefined;
  }

  async choose(): Promise<undefined> {
    return undefined;
  }

  clearScreen(): void {}

  onInterrupt(): () => void {
    // What ends the program ends its answer.
    return () => {};
  }

  #ofOutput(text: string): string {
    return this.#context.stdout.isTerminal ? printable(text) : text;
  }
}

class PipedAnswer implements AnswerView {
  readonly #output: TextOutput;
  readonly #notes: TextOutput;
  #last = "";

  constructor(output: TextOutput, notes: TextOutput) {
    this.#output = output;
    this.#notes = notes;
  }

  progress(): void {}

  reasoning(): void {}

  async content(text: string): Promise<void> {
    if (text === "") return;
    this.#last = text;
    await this.#output.send(this.#output.isTerminal ? printable(text) : text);
  }

  tool(text: string): void {
    this.#notes.write(`${text}\n`);
  }

  end(note?: string): void {
    if (this.#last !== "" && !this.#last.endsWith("\n")) this.#output.write("\n");
    if (note !== undefined) this.#notes.write(`${note}\n`);
  }
}
