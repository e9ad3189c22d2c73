import type {
  ChunkChoice,
  ChunkResponse,
  CompletionChunkChoice,
  CompletionChunkResponse,
  ErrorInfo,
  JsonValue,
  NonEmpty,
  Response,
  UpstreamError,
  Usage,
} from "../../generated/protocol.js";
import { protocolError } from "../../stream/protocol-error.js";
import type { ResponseQueue } from "../../stream/response-queue.js";
import type { RunEndings } from "../../stream/run-endings.js";
import { truncated } from "../../stream/truncated.js";
import type { WireReader } from "../../stream/wire-reader.js";
import { ChoiceReader, type Piece } from "./choice-reader.js";
import { hostErrorOf, isTransient, longestMessage, saysError } from "./host-error.js";
import { type JsonRecord, asJson, isEmpty, isRecord, parsed } from "./json.js";
import { Nonsense } from "./nonsense.js";
import { keepUnknown } from "./unknown-fields.js";
import { usageOf } from "./usage.js";

/** What the reader of one run is told. */
export interface ChunkReaderInit<R extends Response> {
  queue: ResponseQueue<R>;
  endings: RunEndings;
  /** The `n` of the request. */
  choices: number;
  /** What responses say until the host names the model. */
  model: string;
  /** Names tool calls that have no name. */
  newId(): string;
  /** Keeps keys out of the host's words. */
  redact(text: string): string;
  /** Seconds since 1970, for hosts that do not say. */
  now: number;
  /** What is no JSON, nor the beginning of any, is the host's word for why it breaks off. */
  failsInWords?: boolean | undefined;
  /** Reads a named event; undefined: it has no kind of ours. */
  namedEvent?: ((name: string, value: JsonRecord) => R | "dropped" | undefined) | undefined;
}

/**
 * Reads chunks as OpenAI's API has them (https://platform.openai.com/docs/api-reference/chat-streaming), and as the hosts write them
 * that call themselves compatible: what is missing is made up for, what has no name here goes along in `upstream`, and what
 * contradicts itself is an error with its words.
 */
export class ChunkReader<R extends Response> implements WireReader {
  readonly #init: ChunkReaderInit<R>;
  readonly #choices: ChoiceReader[] = [];
  #id = "unnamed";
  #model: string;
  #created: number;
  #events = 0;
  #usage: Usage | undefined;
  /** Goes along with the next chunk. */
  #upstream: JsonValue[] = [];
  /** The last choice's end, held back for the usage and the rest that come after it. */
  #last: Piece | undefined;

  constructor(init: ChunkReaderInit<R>) {
    this.#init = init;
    this.#model = init.model;
    this.#created = init.now;
  }

  event(data: string, name: string | undefined, isLast: boolean): void {
    this.#events += 1;
    if (this.#init.queue.isEnded) return;
    const text = data.trim();
    if (text === "") return;
    if (text === "[DONE]") return this.#done();
    const value = parsed(text);
    if (value === undefined && isLast) throw truncated();
    this.#understood(text, () => {
      if (name === "error") return this.#modelFailed(hostErrorOf(value) ?? { message: text });
      if (value === undefined && this.#init.failsInWords === true && !/^[[{"]/.test(text)) {
        return this.#modelFailed({ message: text.slice(0, longestMessage) });
      }
      if (value === undefined) throw new Nonsense("is no JSON");
      return this.#receive(value, name, text);
    });
  }

  whole(value: unknown): void {
    const text = JSON.stringify(value);
    const isAnswer = isRecord(value) && Array.isArray(value["choices"]) && value["choices"].length > 0;
    if (!isAnswer && hostErrorOf(value) === undefined) throw protocolError("The answer is no completion", text);
    this.#understood(text, () => this.#receive(value, undefined, text));
    if (!this.#init.queue.isEnded) this.#done();
  }

  end(): void {
    if (this.#init.queue.isEnded) return;
    const isWhole = this.#choices.length > 0 && this.#choices.every((choice) => choice.finishReason !== undefined);
    if (!isWhole || this.#choices.length < this.#init.choices) throw truncated();
    this.#done();
  }

  /** Nonsense is told with where it was, and how it begins. */
  #understood(text: string, act: () => void): void {
    try {
      act();
    } catch (cause) {
      if (!(cause instanceof Nonsense)) throw cause;
      const what = `Event ${this.#events} of the stream ${cause.message}`;
      throw protocolError(what, this.#init.redact(text), `event ${this.#events}`);
    }
  }

  #receive(value: unknown, name: string | undefined, text: string): void {
    if (!isRecord(value)) {
      const error = hostErrorOf(value);
      if (error !== undefined) return this.#modelFailed(error);
      throw new Nonsense("is no object");
    }
    if (name !== undefined && this.#named(name, value)) return;
    if (saysError(value)) return this.#failWith(value, hostErrorOf(value) ?? { message: text });
    if (value["choices"] !== undefined || "usage" in value) return this.#chunk(value);
    // An event of a kind that is not known here.
    this.#upstream.push(asJson(value));
  }

  /** Whether a named event was something else than a chunk. */
  #named(name: string, value: JsonRecord): boolean {
    const response = this.#init.namedEvent?.(name, value);
    if (response === "dropped") return true;
    if (response !== undefined) {
      this.#init.queue.push(response);
      return true;
    }
    if ("choices" in value) return false;
    this.#upstream.push({ event: name, data: asJson(value) });
    return true;
  }

  /** A chunk may say its last words beside the error. */
  #failWith(value: JsonRecord, error: UpstreamError): void {
    const { choices } = value;
    if (Array.isArray(choices)) {
      this.#chunk({ ...value, choices: choices.map((choice) => ({ ...choice, finish_reason: null })) });
    }
    this.#modelFailed(error);
  }

  #chunk(value: JsonRecord): void {
    const { id, model, created, choices } = value;
    if (typeof id === "string" && id !== "") this.#id = id;
    if (typeof model === "string" && model !== "") this.#model = model;
    if (typeof created === "number" && Number.isFinite(created)) this.#created = Math.floor(created);
    this.#usage = usageOf(value["usage"]) ?? this.#usage;
    keepUnknown(value, "chunk", this.#upstream);
    if (isEmpty(choices)) return;
    if (!Array.isArray(choices)) throw new Nonsense("has choices that are no list");
    const pieces: Piece[] = [];
    for (const choice of choices) this.#addChoice(choice, pieces);
    if (pieces.length > 0) this.#push(pieces);
  }

  #addChoice(value: unknown, pieces: Piece[]): void {
    if (!isRecord(value)) throw new Nonsense("has a choice that is no object");
    const index = value["index"] ?? 0;
    const isPlace = typeof index === "number" && Number.isInteger(index) && index >= 0;
    // A choice more than was asked for is read; one that leaves out others is not of this request.
    if (!isPlace || index > Math.max(this.#choices.length, this.#init.choices - 1)) {
      throw new Nonsense("has a choice out of turn");
    }
    const choice = this.#choiceAt(index);
    const piece = choice.read(value, this.#upstream, this.#usage !== undefined);
    if (choice.signature !== undefined) this.#init.queue.delivered.sign(index, choice.signature);
    if (piece === undefined) return;
    const { finishReason } = piece;
    if (finishReason === undefined) pieces.push(piece);
    else if (finishReason === "error") this.#endByError(value, piece, pieces);
    else this.#endChoice(piece, pieces);
  }

  #endByError(value: JsonRecord, piece: Piece, pieces: Piece[]): void {
    if (!piece.isEmpty) pieces.push({ ...piece, finishReason: undefined });
    if (pieces.length > 0) this.#push(pieces.splice(0));
    this.#modelFailed(hostErrorOf(value) ?? { type: "error" });
  }

  /** The end of the last choice waits. */
  #endChoice(piece: Piece, pieces: Piece[]): void {
    const ended = this.#choices.filter((choice) => choice.finishReason !== undefined).length;
    if (ended < Math.max(this.#choices.length, this.#init.choices)) return void pieces.push(piece);
    const { index, finishReason, delta } = piece;
    this.#last = endOf(index, finishReason);
    if (piece.isEmpty) this.#last.delta = delta;
    else pieces.push({ ...piece, finishReason: undefined });
  }

  #done(): void {
    if (this.#choices.length === 0) this.#choiceAt(0);
    const ends: Piece[] = [];
    for (const choice of this.#choices) {
      if (choice.finishReason !== undefined) continue;
      // A host that ends the stream without a word has come to the answer's end.
      choice.finishReason = "stop";
      ends.push({ ...endOf(choice.index, "stop"), delta: choice.withRole({}) });
    }
    if (this.#last !== undefined) ends.push(this.#last);
    // One of them at least is last, and says the usage.
    this.#push(ends, this.#usage);
    const { queue, endings } = this.#init;
    queue.end(() => endings.done() as R);
  }

  #push(pieces: readonly Piece[], usage?: Usage): void {
    const { queue, endings } = this.#init;
    const head = { id: this.#id, model: this.#model, created: this.#created };
    // Never empty; and of the kinds of `R`, by the call that the reader was made for.
    const chunk: ChunkResponse | CompletionChunkResponse =
      endings.kind === "chat"
        ? { kind: "chunk", ...head, choices: nonEmpty(pieces.map(chatChoice)) }
        : { kind: "completion_chunk", ...head, choices: nonEmpty(pieces.map(textChoice)) };
    if (usage !== undefined) chunk.usage = usage;
    const upstream = this.#upstream.splice(0);
    // Raw text has no place for them.
    if (chunk.kind === "chunk" && upstream.length > 0) chunk.upstream = upstream;
    const response: Response = chunk;
    queue.push(response as R);
  }

  #choiceAt(index: number): ChoiceReader {
    while (this.#choices.length <= index) {
      this.#choices.push(new ChoiceReader(this.#choices.length, this.#init.newId));
    }
    // Just filled up to `index`.
    return this.#choices[index] as ChoiceReader;
  }

  #modelFailed(words: UpstreamError): void {
    const { queue, endings, redact } = this.#init;
    const upstream = { ...words, ...(words.message !== undefined && { message: redact(words.message) }) };
    const message = "The host broke off the answer with an error; its own words are in error.upstream.";
    const where = `event ${this.#events}`;
    const error: ErrorInfo = { code: "engine_failed", message, where, retryable: isTransient(upstream), upstream };
    queue.end(() => endings.modelFailed(error) as R);
  }
}

function endOf(index: number, finishReason: Piece["finishReason"]): Piece {
  return { index, delta: {}, finishReason, logprobs: undefined, isEmpty: true };
}

function chatChoice({ index, delta, finishReason = null, logprobs }: ToldPiece): ChunkChoice {
  return logprobs === undefined ? { index, delta, finishReason } : { index, delta, finishReason, logprobs };
}

function textChoice({ index, delta, finishReason = null, logprobs }: ToldPiece): CompletionChunkChoice {
  const text = delta.content ?? "";
  return logprobs === undefined ? { index, text, finishReason } : { index, text, finishReason, logprobs };
}

type ToldPiece = Omit<Piece, "finishReason"> & { finishReason?: ChunkChoice["finishReason"] | undefined };

function nonEmpty<T>(items: readonly T[]): NonEmpty<T> {
  return items as NonEmpty<T>;
}
