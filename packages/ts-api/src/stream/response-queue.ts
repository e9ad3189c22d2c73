import { Accumulator } from "../response/accumulator.js";
import type { Response } from "../generated/protocol.js";
import { isTerminal } from "../response/is-terminal.js";

/** What a feed over a network has ready for its reader, what was delivered of it, and how it ends. */
export class ResponseQueue<R extends Response> {
  readonly #ready: R[] = [];
  /** Makes the terminal, once all before it was taken, out of what was delivered by then. */
  #ending: (() => R) | undefined;
  #resume: (() => void) | undefined;
  readonly delivered: Accumulator;

  /** @param model - What a partial answer says until a response names its model. */
  constructor(model: string) {
    const created = Math.floor(Date.now() / 1000);
    this.delivered = new Accumulator({ id: "not-started", model, created }, 1);
  }

  /** Whether `take` has something. */
  get isReady(): boolean {
    return this.#ready.length > 0 || this.#ending !== undefined;
  }

  /** Whether the terminal is known. */
  get isEnded(): boolean {
    return this.#ending !== undefined;
  }

  /** Adds a response; a terminal ends. After the end nothing is added. */
  push(response: R): void {
    if (this.#ending !== undefined) return;
    if (isTerminal<R>(response)) this.#ending = () => response;
    else this.#ready.push(response);
    this.#wake();
  }

  /** The first end counts. */
  end(ending: () => R): void {
    this.#ending ??= ending;
    this.#wake();
  }

  /** Drops what is unread, and an end that nobody has seen. */
  cancel(ending: () => R): void {
    this.#ready.length = 0;
    this.#ending = ending;
    this.#wake();
  }

  take(): R | null {
    const response = this.#ready.shift() ?? this.#ending?.() ?? null;
    if (response !== null) this.delivered.add(response);
    return response;
  }

  whenReady(resume: () => void): void {
    this.#resume = resume;
    this.#wake();
  }

  #wake(): void {
    const resume = this.#resume;
    if (!this.isReady || resume === undefined) return;
    this.#resume = undefined;
    // In its own turn: a feed must not resume its stream from within `whenReady` or `cancel`.
    queueMicrotask(resume);
  }
}
