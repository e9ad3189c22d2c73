import type {
  ChunkChoice,
  ChunkDelta,
  CompletionChunkChoice,
  ErrorInfo,
  FinishReason,
  JsonValue,
  NonEmpty,
  Response,
  TokenLogprob,
  Usage,
} from "../../generated/protocol.js";
import { protocolError } from "../../stream/protocol-error.js";
import type { ResponseQueue } from "../../stream/response-queue.js";
import type { RunEndings } from "../../stream/run-endings.js";
import { truncated } from "../../stream/truncated.js";
import type { WireReader } from "../../stream/wire-reader.js";
import { contentOf } from "./content.js";
import { finishReasonOf } from "./finish-reason.js";
import { hostErrorOf, isTransient, saysError } from "./host-error.js";
import { type JsonRecord, asJson, isEmpty, isRecord } from "./json.js";
import { logprobsOf } from "./logprobs.js";
import { ToolCalls } from "./tool-calls.js";
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
  /** Reads a named event; undefined: it has no kind of ours. */
  namedEvent?: ((name: string, value: JsonRecord) => R | "dropped" | undefined) | undefined;
}

interface Choice {
  hasRole: boolean;
  finishReason: FinishReason | undefined;
  readonly toolCalls: ToolCalls;
}

/** What a host's choice adds. */
interface Piece {
  index: number;
  delta: ChunkDelta;
  finishReason: FinishReason | undefined;
  logprobs: TokenLogprob[] | undefined;
}

/** Fields of a chunk that say nothing about the answer: padding against listeners, versions of the host. */
const knownFields = new Set(
  "id object created model choices usage system_fingerprint service_tier p obfuscation".split(" "),
);
const knownChoiceFields = new Set("index delta message text finish_reason logprobs".split(" "));
const knownDeltaFields = new Set("role content reasoning_content reasoning tool_calls p".split(" "));

/**
 * Reads chunks as OpenAI's API has them (https://platform.openai.com/docs/api-reference/chat-streaming), and as the hosts write them
 * that call themselves compatible: what is missing is made up for, what has no name here goes along in `upstream`, and what
 * contradicts itself is an error with its words.
 */
export class ChunkReader<R extends Response> implements WireReader {
  readonly #init: ChunkReaderInit<R>;
  readonly #choices: Choice[] = [];
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
    if (value === undefined) {
      if (isLast) throw truncated();
      if (name === "error") return this.#modelFailed({ message: text });
      throw this.#protocolError("is no JSON", text);
    }
    if (name === "error") return this.#modelFailed(hostErrorOf(value) ?? { message: text });
    this.#receive(value, name, text);
  }

  whole(value: unknown): void {
    const text = JSON.stringify(value);
    const isAnswer = isRecord(value) && Array.isArray(value["choices"]) && value["choices"].length > 0;
    if (!isAnswer && hostErrorOf(value) === undefined) throw protocolError("The answer is no completion", text);
    this.#receive(value, undefined, text);
    if (!this.#init.queue.isEnded) this.#done();
  }

  end(): void {
    if (this.#init.queue.isEnded) return;
    const isWhole = this.#choices.length > 0 && this.#choices.every((choice) => choice.finishReason !== undefined);
    if (!isWhole || this.#choices.length < this.#init.choices) throw truncated();
    this.#done();
  }

  #receive(value: unknown, name: string | undefined, text: string): void {
    if (!isRecord(value)) {
      const error = hostErrorOf(value);
      if (error !== undefined) return this.#modelFailed(error);
      throw this.#protocolError("is no object", text);
    }
    if (name !== undefined && this.#named(name, value)) return;
    const { choices } = value;
    if (saysError(value)) return this.#failWith(value, hostErrorOf(value) ?? { message: text }, text);
    if (choices !== undefined || "usage" in value) return this.#chunk(value, text);
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
  #failWith(value: JsonRecord, error: NonNullable<ErrorInfo["upstream"]>, text: string): void {
    const { choices } = value;
    const said = Array.isArray(choices) ? choices.map((choice) => ({ ...choice, finish_reason: null })) : [];
    if (said.length > 0) this.#chunk({ ...value, choices: said }, text);
    this.#modelFailed(error);
  }

  #chunk(value: JsonRecord, text: string): void {
    const { id, model, created, choices } = value;
    if (typeof id === "string" && id !== "") this.#id = id;
    if (typeof model === "string" && model !== "") this.#model = model;
    if (typeof created === "number" && Number.isFinite(created)) this.#created = Math.floor(created);
    this.#usage = usageOf(value["usage"]) ?? this.#usage;
    this.#keepUnknown(value, knownFields);
    if (isEmpty(choices)) return;
    if (!Array.isArray(choices)) throw this.#protocolError("has choices that are no list", text);
    const pieces = choices.map((choice) => this.#choice(choice, text));
    const told = pieces.filter((piece) => piece !== undefined).flatMap((piece) => this.#withoutLast(piece));
    if (told.length > 0) this.#push(told);
  }

  /** Reads a choice; undefined: it adds nothing. */
  #choice(value: unknown, text: string): Piece | undefined {
    if (!isRecord(value)) throw this.#protocolError("has a choice that is no object", text);
    const index = value["index"] ?? 0;
    const isNext = typeof index === "number" && Number.isInteger(index) && index >= 0;
    // A choice more than was asked for is read; one that leaves out others is not of this request.
    if (!isNext || index > Math.max(this.#choices.length, this.#init.choices - 1)) {
      throw this.#protocolError("has a choice out of turn", text);
    }
    const choice = this.#choiceAt(index);
    const delta = this.#delta(index, value, choice, text);
    const logprobs = logprobsOf(value["logprobs"]);
    const finishReason = this.#finishReason(value["finish_reason"]);
    this.#keepUnknown(value, knownChoiceFields, index);
    const isEmptyDelta = Object.keys(delta).length === 0;
    if (choice.finishReason !== undefined) {
      const isRepeated =
        finishReason === undefined || (finishReason === choice.finishReason && this.#usage !== undefined);
      if (isEmptyDelta && isRepeated) return undefined;
      throw this.#protocolError("comes after the end of its choice", text);
    }
    if (finishReason === "error") {
      if (!isEmptyDelta) this.#push([{ index, delta, finishReason: undefined, logprobs }]);
      this.#modelFailed(hostErrorOf(value) ?? { message: "The host ended the answer with an error.", type: "error" });
      return undefined;
    }
    if (isEmptyDelta && finishReason === undefined && logprobs === undefined) return undefined;
    choice.finishReason = finishReason;
    return { index, delta, finishReason, logprobs };
  }

  #delta(index: number, value: JsonRecord, choice: Choice, text: string): ChunkDelta {
    const given =
      value["delta"] ?? value["message"] ?? (typeof value["text"] === "string" ? { content: value["text"] } : {});
    if (!isRecord(given)) throw this.#protocolError("has a delta that is no object", text);
    const said = contentOf(given["content"]);
    if (said === undefined) throw this.#protocolError("has content that is no text", text);
    const delta: ChunkDelta = {};
    if (said.content !== "") delta.content = said.content;
    const reasoning = said.reasoning + reasoningOf(given);
    if (reasoning !== "") delta.reasoningContent = reasoning;
    if (said.signature !== undefined) this.#init.queue.delivered.sign(index, said.signature);
    const { tool_calls: calls } = given;
    if (Array.isArray(calls)) {
      const pieces = calls.map((call) => choice.toolCalls.add(call)).filter((piece) => piece !== undefined);
      if (pieces.length > 0) delta.toolCalls = pieces;
    }
    this.#upstream.push(...said.unknown);
    this.#keepUnknown(given, knownDeltaFields, index);
    return delta;
  }

  #finishReason(value: unknown): FinishReason | undefined {
    if (typeof value !== "string" || value === "") return undefined;
    const { reason, isKnown } = finishReasonOf(value);
    if (!isKnown) this.#upstream.push({ finish_reason: value });
    return reason;
  }

  /** A piece but for the end of the last choice, which waits. */
  #withoutLast(piece: Piece): Piece[] {
    const ended = this.#choices.filter((choice) => choice.finishReason !== undefined).length;
    if (piece.finishReason === undefined || ended < Math.max(this.#choices.length, this.#init.choices)) return [piece];
    const { index, finishReason, ...said } = piece;
    this.#last = { index, finishReason, delta: {}, logprobs: undefined };
    return Object.keys(said.delta).length > 0 || said.logprobs !== undefined
      ? [{ index, ...said, finishReason: undefined }]
      : [];
  }

  #done(): void {
    const ends = this.#choices.flatMap((choice, index): Piece[] => {
      if (choice.finishReason !== undefined) return [];
      // A host that ends the stream without a word has come to the answer's end.
      choice.finishReason = "stop";
      return [{ index, delta: {}, finishReason: "stop", logprobs: undefined }];
    });
    if (this.#choices.length === 0) ends.push({ index: 0, delta: {}, finishReason: "stop", logprobs: undefined });
    if (this.#last !== undefined) ends.push(this.#last);
    for (const choice of ends.map(({ index }) => index)) this.#choiceAt(choice);
    const { queue, endings } = this.#init;
    if (ends.length > 0) this.#push(ends, this.#usage);
    queue.end(() => {
      // The chunks that were taken have said no usage, or an earlier one.
      queue.delivered.usage = this.#usage;
      return endings.done() as R;
    });
  }

  #push(pieces: readonly Piece[], usage?: Usage): void {
    const { queue, endings } = this.#init;
    const head = { id: this.#id, model: this.#model, created: this.#created };
    const rest = {
      ...(usage !== undefined && { usage }),
      ...(this.#upstream.length > 0 && { upstream: this.#upstream.splice(0) }),
    };
    // Never empty; and of the kinds of `R`, by the call that the reader was made for.
    if (endings.kind === "chat") {
      const choices = pieces.map((piece) => this.#chatChoice(piece)) as readonly ChunkChoice[] as NonEmpty<ChunkChoice>;
      queue.push({ kind: "chunk", ...head, choices, ...rest } as Response as R);
    } else {
      const choices = pieces.map(textChoice) as readonly CompletionChunkChoice[] as NonEmpty<CompletionChunkChoice>;
      queue.push({
        kind: "completion_chunk",
        ...head,
        choices,
        ...(usage !== undefined && { usage }),
      } as Response as R);
    }
  }

  #chatChoice({ index, delta, finishReason, logprobs }: Piece): ChunkChoice {
    const choice = this.#choiceAt(index);
    const role = choice.hasRole ? {} : { role: "assistant" as const };
    choice.hasRole = true;
    return {
      index,
      delta: { ...role, ...delta },
      finishReason: finishReason ?? null,
      ...(logprobs !== undefined && { logprobs }),
    };
  }

  #choiceAt(index: number): Choice {
    while (this.#choices.length <= index) {
      this.#choices.push({ hasRole: false, finishReason: undefined, toolCalls: new ToolCalls(this.#init.newId) });
    }
    // Just filled up to `index`.
    return this.#choices[index] as Choice;
  }

  #keepUnknown(value: JsonRecord, known: ReadonlySet<string>, choice?: number): void {
    for (const name in value) {
      if (known.has(name) || isEmpty(value[name])) continue;
      this.#upstream.push({ ...(choice !== undefined && { choice }), [name]: asJson(value[name]) });
    }
  }

  #modelFailed(words: NonNullable<ErrorInfo["upstream"]>): void {
    const { queue, endings, redact } = this.#init;
    const upstream = { ...words, ...(words.message !== undefined && { message: redact(words.message) }) };
    const message = "The host broke off the answer with an error; its own words are in error.upstream.";
    const where = `event ${this.#events}`;
    const error: ErrorInfo = { code: "engine_failed", message, where, retryable: isTransient(upstream), upstream };
    queue.end(() => endings.modelFailed(error) as R);
  }

  #protocolError(what: string, text: string) {
    const where = `event ${this.#events}`;
    return protocolError(
      `${where[0]?.toUpperCase()}${where.slice(1)} of the stream ${what}`,
      this.#init.redact(text),
      where,
    );
  }
}

/** Some hosts write the same thoughts under both names. */
function reasoningOf({ reasoning_content: content, reasoning }: JsonRecord): string {
  if (typeof content === "string" && content !== "") return content;
  return typeof reasoning === "string" ? reasoning : "";
}

function textChoice({ index, delta, finishReason, logprobs }: Piece): CompletionChunkChoice {
  return {
    index,
    text: delta.content ?? "",
    finishReason: finishReason ?? null,
    ...(logprobs !== undefined && { logprobs }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
