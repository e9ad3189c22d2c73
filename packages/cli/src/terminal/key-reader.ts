import { type Key, emitKeypressEvents } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import type { InputStream } from "../environment.js";
import { printable } from "../output/printable.js";

/** What comes from a terminal. */
export type TerminalInput =
  | {
      kind: "key";
      /** Of keys that have one: `left`, `return`, `a`. */
      name: string;
      ctrl: boolean;
      meta: boolean;
      /** What it writes; nothing, where it does something else. */
      text: string;
    }
  | { kind: "paste"; text: string }
  /** The terminal has gone. */
  | { kind: "end" };

/** Pasted text comes between marks (https://invisible-island.net/xterm/xterm-paste64.html). */
const bracketedPaste = { on: "\u001B[?2004h", off: "\u001B[?2004l" };

/**
 * Keys of a terminal, decoded by Node. They wait for who reads them, so that what is typed ahead is not lost; Ctrl-C waits for
 * nobody, where someone wants to know of it at once.
 */
export class KeyReader {
  readonly #stdin: InputStream;
  readonly #write: (text: string) => void;
  readonly #queue: TerminalInput[] = [];
  #wake: ((input: TerminalInput) => void) | undefined;
  /** What was pasted so far. */
  #pasted: string | undefined;
  #isStarted = false;
  #hasEnded = false;
  readonly #onKey = (text: string | undefined, key: Key) => this.#receive(text, key);
  readonly #onEnd = () => this.end();
  /** Told of Ctrl-C, which nobody reads then. */
  onInterrupt: (() => void) | undefined;

  /** @param write - To the same terminal. */
  constructor(stdin: InputStream, write: (text: string) => void) {
    this.#stdin = stdin;
    this.#write = write;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    emitKeypressEvents(this.#stdin);
    this.#stdin.setRawMode?.(true);
    this.#stdin.on("keypress", this.#onKey);
    this.#stdin.on("end", this.#onEnd);
    this.#stdin.resume();
    this.#write(bracketedPaste.on);
  }

  /** The terminal is as it was, and keys are for others. */
  stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#write(bracketedPaste.off);
    this.#stdin.off("keypress", this.#onKey);
    this.#stdin.off("end", this.#onEnd);
    this.#stdin.setRawMode?.(false);
    this.#stdin.pause();
  }

  /** The next input. One waits for it at a time. */
  async next(): Promise<TerminalInput> {
    const input = this.take();
    if (input !== undefined) return input;
    if (this.#hasEnded) return { kind: "end" };
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What is there without waiting. */
  take(): TerminalInput | undefined {
    return this.#queue.shift();
  }

  /** Nobody waits any more, and nothing was read. */
  leave(): void {
    this.#wake = undefined;
  }

  /** As if Ctrl-C was pressed. */
  interrupt(): void {
    if (this.onInterrupt !== undefined) this.onInterrupt();
    else this.#give({ kind: "key", name: "c", ctrl: true, meta: false, text: "" });
  }

  /** As if the terminal was gone. */
  end(): void {
    this.#hasEnded = true;
    this.#give({ kind: "end" });
  }

  #receive(text: string | undefined, { name = "", ctrl = false, meta = false, sequence = "" }: Key): void {
    if (ctrl && name === "c") {
      // It ends a paste that has no end.
      const isPasting = this.#pasted !== undefined;
      this.#pasted = undefined;
      if (!isPasting || this.onInterrupt !== undefined) this.interrupt();
    } else if (name === "paste-start") {
      this.#pasted = "";
    } else if (name === "paste-end") {
      const pasted = this.#pasted;
      this.#pasted = undefined;
      if (pasted !== undefined) this.#give({ kind: "paste", text: pastedText(pasted) });
    } else if (this.#pasted === undefined) {
      const isText = !ctrl && !meta && text !== undefined && printable(text) === text && !/[\n\t]/.test(text);
      this.#give({ kind: "key", name, ctrl, meta, text: isText ? text : "" });
    } else {
      this.#pasted += sequence;
    }
  }

  #give(input: TerminalInput): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake === undefined) this.#queue.push(input);
    else wake(input);
  }
}

/** Terminals paste a carriage return for a newline. */
function pastedText(pasted: string): string {
  return printable(stripVTControlCharacters(pasted.replaceAll(/\r\n?/g, "\n")));
}
