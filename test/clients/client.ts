import type { Question } from "./question.ts";

/** How a client reaches a server. */
export interface Connection {
  /** The server's root, without a path. */
  url: string;
  apiKey: string;
  /** How often the client tries again by itself. */
  retries: number;
}

/** A tool's call as a client hands it to its program. */
export interface Call {
  id: string;
  name: string;
  /** Parsed. */
  arguments: unknown;
}

/** What a program is told went wrong. */
export interface Failure {
  /** The class of the error. */
  name: string;
  message: string;
  status?: number | undefined;
  /** Ours, such as `queue_full`. */
  code?: string | undefined;
}

/** What a program has at the end of a call, whether it went well or not. */
export interface Outcome {
  text: string;
  reasoning: string;
  calls: readonly Call[];
  /** In OpenAI's words. */
  finishReason?: string | undefined;
  usage?: { promptTokens: number; completionTokens: number } | undefined;
  /** Deltas of text that came one by one. */
  pieces: number;
  failure?: Failure | undefined;
}

/** How a call ends early. */
export interface CallEnd {
  signal?: AbortSignal | undefined;
}

/** How a stream is read, and how it ends early. */
export interface StreamEnd extends CallEnd {
  /** Leaves the loop at so many pieces of text. */
  leaveAfter?: number | undefined;
  /** Called at each piece of text. */
  onPiece?: ((text: string) => void) | undefined;
}

/** A client that has its connection. None of its calls throws: what went wrong is in the outcome. */
export interface ConnectedClient {
  /** The whole answer at once. */
  complete(question: Question, end?: CallEnd): Promise<Outcome>;
  /** The same, streamed. */
  stream(question: Question, end?: StreamEnd): Promise<Outcome>;
  /** Vectors of texts, where it has such a call. */
  embed?(model: string, inputs: readonly string[]): Promise<readonly (readonly number[])[]>;
  /** The names of the server's models, where it has such a call. */
  models?(): Promise<readonly string[]>;
}

/** What a client may not have or not tell. */
export type Feature =
  /** A seed. */
  | "seed"
  /** Strings that end an answer. */
  | "stop"
  /** An answer that was cut for its length. */
  | "length"
  /** That some tool must be called. */
  | "tool choice"
  /** Thoughts. */
  | "reasoning"
  /** Our code of a refusal. */
  | "code"
  /** What failed in the middle of a stream, and our code of it. */
  | "failure in streams"
  /** A signal, or something like it. */
  | "signal"
  /** A signal that is raised before the call. */
  | "raised signal"
  /** Freeing the sequence when the loop is left. */
  | "leaving";

/** How an answer comes: at once, or piece by piece. */
export type Mode = "whole" | "streamed";

/** A client of others. */
export interface Client {
  name: string;
  /** Those that it has for itself, where it shares the others with another client; both. */
  modes?: readonly Mode[];
  /** What it has not, and why: cases that need it are not run with it. */
  lacks: Readonly<Partial<Record<Feature, string>>>;
  connect(connection: Connection): ConnectedClient;
}

/** An outcome that grows while its stream is read. */
export class Gathering implements Outcome {
  text = "";
  reasoning = "";
  calls: Call[] = [];
  finishReason: string | undefined;
  usage: Outcome["usage"];
  pieces = 0;
  failure: Failure | undefined;
  readonly #end: StreamEnd;

  constructor(end: StreamEnd = {}) {
    this.#end = end;
  }

  /** A piece of text came. */
  add(text: string): void {
    if (text === "") return;
    this.text += text;
    this.pieces += 1;
    this.#end.onPiece?.(text);
  }

  /** Whether the loop is to be left. */
  get isEnough(): boolean {
    return this.pieces >= (this.#end.leaveAfter ?? Infinity);
  }
}
