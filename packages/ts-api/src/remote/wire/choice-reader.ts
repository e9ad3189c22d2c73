import type { ChunkDelta, FinishReason, JsonValue, TokenLogprob } from "../../generated/protocol.js";
import { type Content, contentOf } from "./content.js";
import { finishReasonOf } from "./finish-reason.js";
import { type JsonRecord, isRecord } from "./json.js";
import { logprobsOf } from "./logprobs.js";
import { Nonsense } from "./nonsense.js";
import { ToolCalls } from "./tool-calls.js";
import { keepUnknown } from "./unknown-fields.js";

/** What one event adds to a choice. */
export interface Piece {
  index: number;
  delta: ChunkDelta;
  finishReason: FinishReason | undefined;
  logprobs: TokenLogprob[] | undefined;
  /** Whether it says nothing but, maybe, the end. */
  isEmpty: boolean;
}

/** One of the `n` answers of a run. */
export class ChoiceReader {
  readonly index: number;
  finishReason: FinishReason | undefined;
  signature: string | undefined;
  readonly #toolCalls: ToolCalls;
  #hasRole = false;

  /** @param newId - Names tool calls that have no name. */
  constructor(index: number, newId: () => string) {
    this.index = index;
    this.#toolCalls = new ToolCalls(newId);
  }

  /**
   * Reads a host's choice.
   *
   * @param upstream - Takes what has no name here.
   * @param mayRepeat - Whether an end that was told may come again.
   * @throws {@link Nonsense}
   */
  read(value: JsonRecord, upstream: JsonValue[], mayRepeat: boolean): Piece | undefined {
    const { index } = this;
    const given = deltaOf(value);
    const delta: ChunkDelta = {};
    const isDeltaEmpty = !this.#addDelta(delta, given, upstream);
    const logprobs = logprobsOf(value["logprobs"]);
    const finishReason = finishReasonIn(value["finish_reason"], upstream);
    keepUnknown(given, "delta", upstream, { choice: index });
    keepUnknown(value, "choice", upstream, { choice: index });
    const isEmpty = isDeltaEmpty && logprobs === undefined;
    if (this.finishReason !== undefined) {
      const isRepeated = finishReason === undefined || (finishReason === this.finishReason && mayRepeat);
      if (isEmpty && isRepeated) return undefined;
      throw new Nonsense("comes after the end of its choice");
    }
    if (isEmpty && finishReason === undefined) return undefined;
    this.finishReason = finishReason;
    return { index, delta: this.withRole(delta), finishReason, logprobs, isEmpty };
  }

  /** The first delta of a choice says whose it is, whatever the host says. */
  withRole(delta: ChunkDelta): ChunkDelta {
    if (this.#hasRole) return delta;
    this.#hasRole = true;
    return { role: "assistant", ...delta };
  }

  /** False: the delta is empty. */
  #addDelta(delta: ChunkDelta, given: JsonRecord, upstream: JsonValue[]): boolean {
    const { content, tool_calls: calls } = given;
    let reasoning = reasoningOf(given);
    if (typeof content === "string") {
      if (content !== "") delta.content = content;
    } else if (content !== undefined && content !== null) {
      const said = this.#parts(content, upstream);
      if (said.content !== "") delta.content = said.content;
      reasoning = said.reasoning + reasoning;
    }
    if (reasoning !== "") delta.reasoningContent = reasoning;
    if (Array.isArray(calls)) {
      const pieces = calls.map((call) => this.#toolCalls.add(call)).filter((piece) => piece !== undefined);
      if (pieces.length > 0) delta.toolCalls = pieces;
    }
    return delta.content !== undefined || delta.reasoningContent !== undefined || delta.toolCalls !== undefined;
  }

  #parts(content: unknown, upstream: JsonValue[]): Content {
    const said = contentOf(content);
    if (said === undefined) throw new Nonsense("has content that is no text");
    if (said.signature !== undefined) this.signature = said.signature;
    upstream.push(...said.unknown);
    return said;
  }
}

/** What is added: a delta, the message of a whole completion, raw text. */
function deltaOf(value: JsonRecord): JsonRecord {
  const given = value["delta"] ?? value["message"];
  if (given === undefined || given === null) return { content: value["text"] };
  if (!isRecord(given)) throw new Nonsense("has a delta that is no object");
  return given;
}

/** Some hosts write the same thoughts under both names. */
function reasoningOf({ reasoning_content: content, reasoning }: JsonRecord): string {
  if (typeof content === "string" && content !== "") return content;
  return typeof reasoning === "string" ? reasoning : "";
}

function finishReasonIn(value: unknown, upstream: JsonValue[]): FinishReason | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  const { reason, isKnown } = finishReasonOf(value);
  if (!isKnown) upstream.push({ finish_reason: value });
  return reason;
}
