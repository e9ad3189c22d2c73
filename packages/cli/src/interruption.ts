import type { SignalSource } from "./environment.js";
import { type ExitCode, exitCodes } from "./exit-code.js";

const codes = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGHUP: exitCodes.hangup,
  SIGPIPE: exitCodes.brokenPipe,
  /** The output cannot be written, on a disk that is full. */
  output: exitCodes.failure,
} as const;

type Cause = keyof typeof codes;

const heard = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What ends a run from outside: signals of the system, and a reader of the output that has gone. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #listeners: (() => void)[] = [];
  #cause: Cause | undefined;
  /** Who takes SIGINT instead: a chat, whose answer ends and not itself. */
  #onInterrupt: (() => void) | undefined;

  constructor(source: SignalSource) {
    for (const signal of heard) {
      const listener = () => this.#receive(signal);
      source.on(signal, listener);
      this.#listeners.push(() => source.off(signal, listener));
    }
  }

  /** Fires once, whatever the cause. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Of a run that was ended from outside. */
  get exitCode(): ExitCode | undefined {
    return this.#cause === undefined ? undefined : codes[this.#cause];
  }

  /** What ended the run. */
  get cause(): Cause | undefined {
    return this.#cause;
  }

  /** What was interrupted has come to its end as it should: the exit code is the command's own. */
  settle(): void {
    this.#cause = undefined;
  }

  end(cause: Cause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    // A second Ctrl-C then ends the process as it ends any.
    this.dispose();
    this.#controller.abort();
  }

  /** SIGINT goes to `handler` until what is returned is called. */
  takeOver(handler: () => void): () => void {
    this.#onInterrupt = handler;
    return () => {
      this.#onInterrupt = undefined;
    };
  }

  dispose(): void {
    for (const off of this.#listeners.splice(0)) off();
  }

  #receive(signal: (typeof heard)[number]): void {
    if (signal === "SIGINT" && this.#onInterrupt !== undefined) this.#onInterrupt();
    else this.end(signal);
  }
}
