import type {
  AssistantOutput,
  ChatCompletion,
  ChunkChoice,
  ChunkDelta,
  Completion,
  CompletionChunkChoice,
  FinishReason,
  NonEmpty,
  Response,
  StopReason,
  TokenLogprob,
  ToolCall,
  Usage,
} from "../generated/protocol.js";
import { GrowingText } from "./growing-text.js";

interface Call {
  id: string;
  name: string;
  readonly arguments: GrowingText;
}

interface Choice {
  readonly content: GrowingText;
  readonly reasoning: GrowingText;
  signature: string | undefined;
  readonly toolCalls: Call[];
  logprobs: TokenLogprob[] | undefined;
  finishReason: FinishReason | undefined;
}

/** Puts chunks together: what was delivered so far, as the completion that a terminal carries. */
export class Accumulator {
  #id: string;
  #model: string;
  #created: number;
  readonly #choices: Choice[] = [];
  usage: Usage | undefined;

  constructor(head: { id: string; model: string; created: number }, choices: number) {
    this.#id = head.id;
    this.#model = head.model;
    this.#created = head.created;
    for (let index = 0; index < Math.max(1, choices); index += 1) this.#choice(index);
  }

  /** Appends what a chunk adds; other kinds add nothing. */
  add(response: Response): void {
    if (response.kind !== "chunk" && response.kind !== "completion_chunk") return;
    this.#id = response.id;
    this.#model = response.model;
    this.#created = response.created;
    if (response.usage !== undefined) this.usage = response.usage;
    for (const choice of response.choices) this.#addChoice(choice);
  }

  /** What a host demands with the reasoning of a choice when it comes back. */
  sign(index: number, signature: string): void {
    this.#choice(index).signature = signature;
  }

  /** As a chat. `unfinished` is the reason of choices that have none yet. */
  chat(unfinished: FinishReason, stopReason?: StopReason): ChatCompletion {
    const choices = this.#choices.map((choice, index) => ({
      index,
      message: messageOf(choice),
      finishReason: choice.finishReason ?? unfinished,
      ...(choice.finishReason !== undefined && stopReason !== undefined && { stopReason }),
      ...(choice.logprobs !== undefined && { logprobs: choice.logprobs }),
    }));
    return { object: "chat.completion", ...this.#head(), choices: nonEmpty(choices), ...this.#usage() };
  }

  /** As a raw completion. */
  completion(unfinished: FinishReason, stopReason?: StopReason): Completion {
    const choices = this.#choices.map((choice, index) => ({
      index,
      text: choice.content.toString(),
      finishReason: choice.finishReason ?? unfinished,
      ...(choice.finishReason !== undefined && stopReason !== undefined && { stopReason }),
      ...(choice.logprobs !== undefined && { logprobs: choice.logprobs }),
    }));
    return { object: "text_completion", ...this.#head(), choices: nonEmpty(choices), ...this.#usage() };
  }

  #addChoice(chunk: ChunkChoice | CompletionChunkChoice): void {
    const choice = this.#choice(chunk.index);
    if ("text" in chunk) choice.content.add(chunk.text);
    else addDelta(choice, chunk.delta);
    if (chunk.logprobs !== undefined) (choice.logprobs ??= []).push(...chunk.logprobs);
    if (chunk.finishReason !== null) choice.finishReason = chunk.finishReason;
  }

  #choice(index: number): Choice {
    while (this.#choices.length <= index) {
      this.#choices.push({
        content: new GrowingText(),
        reasoning: new GrowingText(),
        signature: undefined,
        toolCalls: [],
        logprobs: undefined,
        finishReason: undefined,
      });
    }
    // Just filled up to `index`.
    return this.#choices[index] as Choice;
  }

  #head() {
    return { id: this.#id, model: this.#model, created: this.#created };
  }

  #usage() {
    return this.usage === undefined ? {} : { usage: this.usage };
  }
}

function addDelta(choice: Choice, { content, reasoningContent, toolCalls = [] }: ChunkDelta): void {
  if (content !== undefined) choice.content.add(content);
  if (reasoningContent !== undefined) choice.reasoning.add(reasoningContent);
  for (const { index, id, function: piece } of toolCalls) {
    const call = (choice.toolCalls[index] ??= { id: "", name: "", arguments: new GrowingText() });
    call.id += id ?? "";
    call.name += piece.name ?? "";
    call.arguments.add(piece.arguments ?? "");
  }
}

function messageOf({ content, reasoning, signature, toolCalls }: Choice): AssistantOutput {
  const thoughts = reasoning.toString();
  return {
    role: "assistant",
    content: content.toString(),
    ...(thoughts !== "" && { reasoningContent: thoughts }),
    ...(signature !== undefined && { reasoningSignature: signature }),
    ...(toolCalls.length > 0 && { toolCalls: toolCalls.map(callOf) }),
  };
}

function callOf({ id, name, arguments: given }: Call): ToolCall {
  return { id, type: "function", function: { name, arguments: given.toString() } };
}

function nonEmpty<T>(items: readonly T[]): NonEmpty<T> {
  // The constructor makes choice 0.
  return items as NonEmpty<T>;
}
