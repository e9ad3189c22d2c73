import { type ChatCompletion, type Message, type WickResponse, assertNever } from "wick";
import { wireError } from "../error/error-body.js";
import type { EventForm } from "../run/event-stream.js";
import { failureOf } from "../run/run.js";
import { type Block, type BlockEvent, Blocks } from "../wire/blocks.js";
import { namedEvent } from "../wire/event.js";
import { chatLogprobs } from "../wire/logprobs.js";
import {
  type ItemState,
  type ResponseObject,
  endOf,
  itemId,
  wireItem,
  wireResponseError,
  wireResponseUsage,
  wireText,
} from "./response-object.js";

/**
 * Writes what a chat says into a response, and what happens to it as OpenAI's events. The response is whole at any time: whoever
 * retrieves it sees how far it is.
 */
export class ResponseWriter implements EventForm<WickResponse> {
  readonly #response: Omit<ResponseObject, "output">;
  /** The state of each part. */
  readonly #states: ItemState[] = [];
  readonly #date: () => number;
  readonly #blocks = new Blocks();
  #sequence = 0;
  #hasBegun = false;
  /** What the assistant said, for a response that goes on from this one. */
  answer: Message | undefined;

  /** @param date - Milliseconds since 1970. */
  constructor(response: ResponseObject, date: () => number) {
    this.#response = response;
    this.#date = date;
  }

  /** As it is now. Put together when it is asked for: a delta costs no more than itself. */
  get response(): ResponseObject {
    const items = this.#blocks.all.map((block, index) =>
      wireItem(block, this.#itemId(index), this.#states[index] ?? "incomplete"),
    );
    return { ...this.#response, output: items };
  }

  events(response: WickResponse): string {
    switch (response.kind) {
      case "chunk": {
        const begin = this.#begin();
        const choice = response.choices.find(({ index }) => index === 0);
        const events = choice === undefined ? [] : [...this.#blocks.take(choice)];
        return begin + events.map((event) => this.#event(event)).join("");
      }
      case "done":
        return this.#begin() + this.#end(response.completion);
      case "validation_error":
      case "model_error":
      case "internal_error":
      case "cancelled":
        return this.#begin() + this.#fail(response);
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

  /** Its reader has gone, or it was told to end: what it has said stays. Nothing, where it has ended. */
  cancelled(): void {
    if (!this.isLive) return;
    this.#close("incomplete");
    this.#response.status = "cancelled";
  }

  /** Whether it still grows. */
  get isLive(): boolean {
    return this.#response.status === "queued" || this.#response.status === "in_progress";
  }

  #begin(): string {
    if (this.#hasBegun) return "";
    this.#hasBegun = true;
    this.#response.status = "in_progress";
    const { response } = this;
    return this.#write("response.created", { response }) + this.#write("response.in_progress", { response });
  }

  #end({ choices: [choice], usage }: ChatCompletion): string {
    const end = endOf(choice.finishReason);
    const closed = this.#close(end.status === "incomplete" ? "incomplete" : "completed");
    this.answer = choice.message;
    const completedAt = end.status === "completed" ? Math.floor(this.#date() / 1000) : null;
    Object.assign(this.#response, end, { usage: wireResponseUsage(usage), completed_at: completedAt });
    const name = end.status === "incomplete" ? "response.incomplete" : "response.completed";
    return closed + this.#write(name, { response: this.response });
  }

  #fail(terminal: WickResponse): string {
    const info = failureOf(terminal);
    if (info === undefined) return "";
    const closed = this.#close("incomplete");
    const usage = "partial" in terminal ? terminal.partial.usage : undefined;
    Object.assign(this.#response, {
      status: "failed",
      error: wireResponseError(info),
      usage: wireResponseUsage(usage),
    });
    const { code, message, param } = wireError(info);
    // Clients throw at the first; who only looks at responses has the second.
    const error = this.#write("error", { code, message, param });
    return closed + error + this.#write("response.failed", { response: this.response });
  }

  #close(state: "completed" | "incomplete"): string {
    return [...this.#blocks.end()].map((event) => this.#event(event, state)).join("");
  }

  #event(event: BlockEvent, state: "completed" | "incomplete" = "completed"): string {
    const { index, block } = event;
    const id = this.#itemId(index);
    const place = { item_id: id, output_index: index };
    switch (event.kind) {
      case "begin": {
        const item = wireItem(block, id, "in_progress");
        return this.#write("response.output_item.added", { output_index: index, item }) + this.#partAdded(block, place);
      }
      case "delta":
        return this.#delta(event, place);
      case "end": {
        this.#states[index] = state;
        const item = wireItem(block, id, state);
        return this.#blockDone(block, place) + this.#write("response.output_item.done", { output_index: index, item });
      }
    }
  }

  #itemId(index: number): string {
    const block = this.#blocks.all[index];
    return block === undefined ? "" : itemId(block, `${this.#response.id.slice(5)}_${index}`);
  }

  #partAdded(block: Block, place: object): string {
    const part = partOf(block);
    if (part === undefined) return "";
    return this.#write("response.content_part.added", { ...place, content_index: 0, part });
  }

  #delta({ block, delta, logprobs }: Extract<BlockEvent, { kind: "delta" }>, place: object): string {
    switch (block.kind) {
      case "text": {
        const said = logprobs.length === 0 ? [] : (chatLogprobs(logprobs)?.content ?? []);
        return this.#write("response.output_text.delta", { ...place, content_index: 0, delta, logprobs: said });
      }
      case "thinking":
        return this.#write("response.reasoning_text.delta", { ...place, content_index: 0, delta });
      case "call":
        return this.#write("response.function_call_arguments.delta", { ...place, delta });
    }
  }

  #blockDone(block: Block, place: object): string {
    const done = { ...place, content_index: 0 };
    switch (block.kind) {
      case "text": {
        const { text, logprobs } = wireText(block);
        return this.#write("response.output_text.done", { ...done, text, logprobs }) + this.#partDone(block, done);
      }
      case "thinking":
        return this.#write("response.reasoning_text.done", { ...done, text: block.text }) + this.#partDone(block, done);
      case "call": {
        const { name, arguments: given } = block;
        return this.#write("response.function_call_arguments.done", { ...place, name, arguments: given });
      }
    }
  }

  #partDone(block: Block, place: object): string {
    return this.#write("response.content_part.done", { ...place, part: partOf(block) });
  }

  #write(type: string, fields: Readonly<Record<string, unknown>>): string {
    const event = namedEvent({ type, sequence_number: this.#sequence, ...fields });
    this.#sequence += 1;
    return event;
  }
}

/** What an item's content is made of; calls have none. */
function partOf(block: Block): object | undefined {
  switch (block.kind) {
    case "text":
      return wireText(block);
    case "thinking":
      return { type: "reasoning_text", text: block.text };
    case "call":
      return undefined;
  }
}
