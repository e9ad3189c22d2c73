import { type ChatCompletion, type WickResponse, assertNever } from "wick";
import { statusOf } from "../error/status.js";
import { wireWords } from "../error/wire-path.js";
import type { EventForm } from "../run/event-stream.js";
import { failureOf } from "../run/run.js";
import { type Block, type BlockEvent, Blocks } from "../wire/blocks.js";
import { namedEvent } from "../wire/event.js";
import { anthropicErrorOf } from "./anthropic-error.js";
import { emptyMessage, wireBlock, wireMessageUsage, wireStop } from "./message.js";

/** A chat as Anthropic's named events. */
export class MessageForm implements EventForm<WickResponse> {
  readonly keepAlive = namedEvent({ type: "ping" });
  readonly #model: string;
  readonly #blocks = new Blocks();
  #hasBegun = false;

  constructor(model: string) {
    this.#model = model;
  }

  events(response: WickResponse): string {
    switch (response.kind) {
      case "chunk": {
        const choice = response.choices.find(({ index }) => index === 0);
        const events = choice === undefined ? [] : [...this.#blocks.take(choice)];
        return this.#begin(response.id) + events.map((event) => this.#event(event)).join("");
      }
      case "done":
        return this.#begin(response.completion.id) + this.#end(response.completion);
      case "validation_error":
      case "model_error":
      case "internal_error":
      case "cancelled": {
        const info = failureOf(response);
        if (info === undefined) return "";
        const error = anthropicErrorOf(info, statusOf(info.code), wireWords(info.message));
        return this.#closeBlock() + namedEvent({ type: "error", error });
      }
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

  /** The tokens of the prompt are told at the end, with those of the answer: only then they are known. */
  #begin(id: string): string {
    if (this.#hasBegun) return "";
    this.#hasBegun = true;
    return namedEvent({ type: "message_start", message: emptyMessage(id, this.#model) });
  }

  #end({ choices: [choice], usage }: ChatCompletion): string {
    const delta = wireStop(choice.finishReason, choice.stopReason);
    const end = namedEvent({ type: "message_delta", delta, usage: wireMessageUsage(usage) });
    return this.#closeBlock() + end + namedEvent({ type: "message_stop" });
  }

  #closeBlock(): string {
    return [...this.#blocks.end()].map((event) => this.#event(event)).join("");
  }

  #event(event: BlockEvent): string {
    const { index, block } = event;
    switch (event.kind) {
      case "begin":
        return namedEvent({ type: "content_block_start", index, content_block: wireBlock(block) });
      case "delta":
        return namedEvent({ type: "content_block_delta", index, delta: wireDelta(block, event.delta) });
      case "end":
        return namedEvent({ type: "content_block_stop", index });
    }
  }
}

function wireDelta({ kind }: Block, text: string): object {
  switch (kind) {
    case "text":
      return { type: "text_delta", text };
    case "thinking":
      return { type: "thinking_delta", thinking: text };
    case "call":
      return { type: "input_json_delta", partial_json: text };
  }
}
