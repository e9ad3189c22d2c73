import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Connection, Gathering, type Outcome, type StreamEnd } from "./client.ts";
import { pythonWithClients } from "./python-environment.ts";

/** A call as a program of `python/` takes it. */
export interface PythonCall {
  /** The name of its function. */
  call: string;
  connection: Connection;
  /** The arguments of the client's own function. */
  body: object;
}

/** What it gives. */
export interface PythonAnswer {
  outcome: Outcome;
  value: unknown;
}

interface Waiting {
  onPiece: ((text: string) => void) | undefined;
  resolve(answer: PythonAnswer): void;
}

/** A program of `python/` that runs, and answers several calls at once. */
export class PythonProgram implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  /** @param name - Its file, without its ending. */
  constructor(name: "openai_calls" | "mistral_calls") {
    const file = fileURLToPath(new URL(`python/${name}.py`, import.meta.url));
    // The proxies of an environment are not for this machine.
    const env = { ...process.env, NO_PROXY: "127.0.0.1", PYTHONUTF8: "1", PYTHONDONTWRITEBYTECODE: "1" };
    this.#child = spawn(pythonWithClients(), [file], { env, stdio: ["pipe", "pipe", "inherit"] });
    createInterface(this.#child.stdout).on("line", (line) => this.#take(line));
    this.#child.once("exit", (code) => {
      const failure = { name: "PythonProgram", message: `The program ended with ${String(code)}.` };
      for (const { resolve } of this.#waiting.values()) {
        resolve({ outcome: Object.assign(new Gathering(), { failure }), value: undefined });
      }
    });
  }

  /** Calls one of its functions. */
  async ask({ call, connection, body }: PythonCall, end: StreamEnd = {}): Promise<PythonAnswer> {
    const id = (this.#last += 1);
    const { signal, leaveAfter, onPiece } = end;
    const answer = new Promise<PythonAnswer>((resolve) => {
      this.#waiting.set(id, { onPiece, resolve });
    });
    this.#write({ id, call, connection, body, leaveAfter });
    const cancel = () => this.#write({ cancel: id });
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.stdin.end();
    await exit;
  }

  #write(line: object): void {
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  #take(line: string): void {
    const { id, piece, outcome, value } = JSON.parse(line) as {
      id: number;
      piece?: string;
      outcome?: Outcome;
      value?: unknown;
    };
    const waiting = this.#waiting.get(id);
    if (piece !== undefined) waiting?.onPiece?.(piece);
    if (outcome === undefined) return;
    this.#waiting.delete(id);
    waiting?.resolve({ outcome: Object.assign(new Gathering(), outcome), value });
  }
}
