import type { Readable, Writable } from "node:stream";

/**
 * Where input comes from: `process.stdin`, or any stream that stands in for it.
 *
 * @example
 * ```ts
 * const stdin: InputStream = Readable.from(["What is the capital of France?"]);
 * ```
 */
export type InputStream = Readable & {
  /** Whether a person types there. */
  isTTY?: boolean | undefined;
  /** Its number, by which a pipe is told from a device. */
  fd?: number;
  /** Of a terminal: keys come one by one. */
  setRawMode?(isRaw: boolean): unknown;
};

/**
 * Where output goes: `process.stdout`, or any stream that stands in for it.
 *
 * @example
 * ```ts
 * const stdout: OutputStream = new PassThrough();
 * ```
 */
export type OutputStream = Writable & {
  /** Whether a person reads there. */
  isTTY?: boolean | undefined;
  /** Of a terminal: its width. */
  columns?: number | undefined;
  /** Of a terminal: its height. */
  rows?: number | undefined;
};

/**
 * Who tells of signals: `process`, or an emitter that stands in for it.
 *
 * @example
 * ```ts
 * const signals: SignalSource = new EventEmitter();
 * ```
 */
export interface SignalSource {
  /** Listens to a signal. */
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  /** Listens no more. */
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * All that a run of the program takes from the process.
 *
 * @example
 * ```ts
 * const { stdin, stdout, stderr, env } = process;
 * const environment: Environment = { stdin, stdout, stderr, env, cwd: process.cwd() };
 * ```
 */
export interface Environment {
  /** Prompts and keys. */
  readonly stdin: InputStream;
  /** Answers. */
  readonly stdout: OutputStream;
  /** Everything else: progress, notes, errors. */
  readonly stderr: OutputStream;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths begin at. */
  readonly cwd: string;
  /** Who tells of signals; `process`. */
  readonly signals?: SignalSource | undefined;
}
