import { type CompletionChunkChoice, type WickResponse, assertNever } from "wick";
import { doneEvent } from "../chat/chunk-form.js";
import { wireError } from "../error/error-body.js";
import type { EventForm } from "../run/event-stream.js";
import { failureOf } from "../run/run.js";
import { wireFinishReason } from "../wire/finish-reason.js";
import { textLogprobs } from "../wire/logprobs.js";
import { wireUsage } from "../wire/usage.js";

/** What chunks are written for. */
export interface TextChunkFormInit {
  model: string;
  /** How many choices there will be, over all prompts. */
  n: number;
  includeUsage: boolean;
}

/** A text as OpenAI's chunks of `text_completion`. The last one has the usage. */
export class TextChunkForm implements EventForm<WickResponse> {
  readonly #init: TextChunkFormInit;
  #head = "";
  #finished = 0;
  #held: object[] | undefined;
  /** Characters of each choice so far, for the offsets of log probabilities. */
  readonly #lengths = new Map<number, number>();

  constructor(init: TextChunkFormInit) {
    this.#init = init;
  }

  events(response: WickResponse): string {
    switch (response.kind) {
      case "completion_chunk": {
        this.#head ||= this.#headOf(response.id, response.created);
        return this.#chunk(response.choices);
      }
      case "completion_done": {
        const { id, created, usage } = response.completion;
        this.#head ||= this.#headOf(id, created);
        const last = this.#event(this.#held ?? [], { usage: wireUsage(usage) });
        const extra = this.#init.includeUsage ? this.#event([], { usage: wireUsage(usage) }) : "";
        return `${last}${extra}${doneEvent}`;
      }
      case "validation_error":
      case "completion_model_error":
      case "internal_error":
      case "cancelled": {
        const info = failureOf(response);
        if (info === undefined) return "";
        const held = this.#held === undefined ? "" : this.#event(this.#held);
        this.#head ||= this.#headOf("cmpl-none", 0);
        const choices = [{ index: 0, text: "", finish_reason: "error", logprobs: null }];
        return `${held}${this.#event(choices, { error: wireError(info) })}${doneEvent}`;
      }
      case "prompt_progress":
      case "agentic_tool_call_progress":
      case "agentic_tool_approval_required":
        return "";
      case "chunk":
      case "done":
      case "model_error":
      case "embeddings":
      case "raw":
        throw new TypeError(`A completion does not answer with ${response.kind}.`);
      default:
        return assertNever(response);
    }
  }

  #chunk(choices: readonly CompletionChunkChoice[]): string {
    const written = choices.map(({ index, text, finishReason, logprobs }) => {
      const offset = this.#lengths.get(index) ?? 0;
      this.#lengths.set(index, offset + text.length);
      const reason = finishReason === null ? null : wireFinishReason(finishReason);
      return { index, text, finish_reason: reason, logprobs: textLogprobs(logprobs, text, offset) };
    });
    this.#finished += choices.filter(({ finishReason }) => finishReason !== null).length;
    if (this.#finished < this.#init.n) return this.#event(written);
    this.#held = written;
    return "";
  }

  #headOf(id: string, created: number): string {
    const head = JSON.stringify({ id, object: "text_completion", created, model: this.#init.model });
    return `${head.slice(0, -1)},"choices":`;
  }

  #event(choices: readonly object[], rest?: object): string {
    const more = rest === undefined ? "" : `,${JSON.stringify(rest).slice(1, -1)}`;
    return `data: ${this.#head}${JSON.stringify(choices)}${more}}\n\n`;
  }
}
