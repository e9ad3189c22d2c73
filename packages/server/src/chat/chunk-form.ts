import { type ChatResponse, type ChunkChoice, type ToolCallDelta, type WickResponse, assertNever } from "wick";
import { wireError } from "../error/error-body.js";
import type { EventForm } from "../run/event-stream.js";
import { failureOf } from "../run/run.js";
import type { ClientKind } from "../wire/client.js";
import { wireFinishReason } from "../wire/finish-reason.js";
import { chatLogprobs } from "../wire/logprobs.js";
import { wireUsage } from "../wire/usage.js";
import { textPart, thinkingPart } from "./chat-completion.js";

/** What chunks are written for. */
export interface ChunkFormInit {
  /** The name that the request called the model by. */
  model: string;
  client: ClientKind;
  /** Whether thoughts are parts of the content, as Mistral has them. */
  thinksInParts: boolean;
  /** How many choices there will be. */
  n: number;
  /** Whether a chunk with no choices brings the usage once more. */
  includeUsage: boolean;
}

/** The end of a stream, in the words of all clients of OpenAI's kind. */
export const doneEvent = "data: [DONE]\n\n";

/** A call that is put together before it is sent. */
interface WholeCall {
  id: string;
  name: string;
  arguments: string;
}

/**
 * A chat as `chat.completion.chunk`s.
 *
 * Its shape is what unmodified clients of OpenAI, Mistral and the AI SDK all read: `finish_reason` is always there, `usage` only
 * with the last one, null nowhere else; the first delta has role and content; a call has name and arguments in every delta. For
 * Mistral's clients a call comes whole, and thoughts are parts of the content if they asked for some.
 */
export class ChunkForm implements EventForm<WickResponse> {
  readonly #init: ChunkFormInit;
  #head = "";
  #finished = 0;
  /** The last chunk, which waits for the usage. */
  #held: object[] | undefined;
  /** Of Mistral's clients, by choice. */
  readonly #calls = new Map<number, WholeCall[]>();

  constructor(init: ChunkFormInit) {
    this.#init = init;
  }

  events(response: ChatResponse | WickResponse): string {
    switch (response.kind) {
      case "chunk": {
        this.#head ||= headOf(response.id, response.created, this.#init.model);
        return this.#chunk(response.choices);
      }
      case "done": {
        const { id, created, usage } = response.completion;
        this.#head ||= headOf(id, created, this.#init.model);
        const last = this.#event(this.#held ?? [], { usage: wireUsage(usage) });
        const extra = this.#init.includeUsage ? this.#event([], { usage: wireUsage(usage) }) : "";
        return `${last}${extra}${doneEvent}`;
      }
      case "validation_error":
      case "model_error":
      case "internal_error":
      case "cancelled":
        return this.#failure(response);
      case "prompt_progress":
      case "agentic_tool_call_progress":
      case "agentic_tool_approval_required":
        return "";
      case "completion_chunk":
      case "completion_done":
      case "completion_model_error":
      case "embeddings":
      case "raw":
        throw new TypeError(`A chat does not answer with ${response.kind}.`);
      default:
        return assertNever(response);
    }
  }

  #chunk(choices: readonly ChunkChoice[]): string {
    const written = choices.map((choice) => this.#choice(choice));
    this.#finished += choices.filter(({ finishReason }) => finishReason !== null).length;
    if (this.#finished < this.#init.n) return this.#event(written);
    this.#held = written;
    return "";
  }

  /** A chunk that both kinds of clients take for an error: one reads `error`, the other why it finished. The text before it stays. */
  #failure(response: WickResponse): string {
    const info = failureOf(response);
    if (info === undefined) return "";
    const held = this.#held === undefined ? "" : this.#event(this.#held);
    this.#head ||= headOf("chatcmpl-none", 0, this.#init.model);
    const error = wireError(info);
    const choices = [{ index: 0, delta: {}, finish_reason: "error", logprobs: null }];
    return `${held}${this.#event(choices, { error })}${doneEvent}`;
  }

  #choice({ index, delta, finishReason, logprobs }: ChunkChoice): object {
    const { role, content, reasoningContent, toolCalls } = delta;
    const calls =
      this.#init.client === "mistral" ? this.#wholeCalls(index, toolCalls, finishReason !== null) : toolCalls;
    return {
      index,
      delta: {
        ...(role !== undefined && { role }),
        ...this.#said(role, content, reasoningContent),
        ...(calls !== undefined && calls.length > 0 && { tool_calls: calls.map(wireCall) }),
      },
      finish_reason: finishReason === null ? null : wireFinishReason(finishReason),
      logprobs: chatLogprobs(logprobs),
    };
  }

  #said(role: string | undefined, content: string | undefined, reasoning: string | undefined): object {
    const text = content ?? (role === undefined ? undefined : "");
    if (this.#init.thinksInParts && reasoning !== undefined) {
      const parts = [thinkingPart(reasoning, false), ...(content === undefined ? [] : [textPart(content)])];
      return { content: parts };
    }
    return {
      ...(text !== undefined && { content: text }),
      ...(reasoning !== undefined && { reasoning_content: reasoning }),
    };
  }

  /** Nothing until the choice ends, then all of its calls. */
  #wholeCalls(
    choice: number,
    deltas: readonly ToolCallDelta[] | undefined,
    hasEnded: boolean,
  ): readonly ToolCallDelta[] | undefined {
    const calls = this.#calls.get(choice) ?? [];
    this.#calls.set(choice, calls);
    for (const { index, id, function: piece } of deltas ?? []) {
      const call = (calls[index] ??= { id: "", name: "", arguments: "" });
      call.id += id ?? "";
      call.name += piece.name ?? "";
      call.arguments += piece.arguments ?? "";
    }
    if (!hasEnded) return undefined;
    return calls.map(({ id, ...called }, index) => ({ index, id, function: called }));
  }

  #event(choices: readonly object[], rest?: object): string {
    const more = rest === undefined ? "" : `,${JSON.stringify(rest).slice(1, -1)}`;
    return `data: ${this.#head}${JSON.stringify(choices)}${more}}\n\n`;
  }
}

/** What all chunks of a stream begin with: written once. */
function headOf(id: string, created: number, model: string): string {
  const head = JSON.stringify({ id, object: "chat.completion.chunk", created, model });
  return `${head.slice(0, -1)},"choices":`;
}

/** With a name in every delta, empty in later ones: some clients refuse one without. */
function wireCall({ index, id, function: { name = "", arguments: pieces = "" } }: ToolCallDelta): object {
  return { index, ...(id !== undefined && { id }), type: "function", function: { name, arguments: pieces } };
}
