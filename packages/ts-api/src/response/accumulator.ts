import type {
  AssistantOutput,
  ChatCompletion,
  ChunkChoice,
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

interface Choice {
  content: string;
  reasoning: string;
  signature: string | undefined;
  toolCalls: ToolCall[];
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
      text: choice.content,
      finishReason: choice.finishReason ?? unfinished,
      ...(choice.finishReason !== undefined && stopReason !== undefined && { stopReason }),
      ...(choice.logprobs !== undefined && { logprobs: choice.logprobs }),
    }));
    return { object: "text_completion", ...this.#head(), choices: nonEmpty(choices), ...this.#usage() };
  }

  #addChoice(chunk: ChunkChoice | CompletionChunkChoice): void {
    const choice = this.#choice(chunk.index);
    if ("text" in chunk) choice.content += chunk.text;
    else {
      choice.content += chunk.delta.content ?? "";
      choice.reasoning += chunk.delta.reasoningContent ?? "";
      for (const { index, id, function: piece } of chunk.delta.toolCalls ?? []) {
        const call = (choice.toolCalls[index] ??= { id: "", type: "function", function: { name: "", arguments: "" } });
        call.id += id ?? "";
        call.function.name += piece.name ?? "";
        call.function.arguments += piece.arguments ?? "";
      }
    }
    if (chunk.logprobs !== undefined) (choice.logprobs ??= []).push(...chunk.logprobs);
    if (chunk.finishReason !== null) choice.finishReason = chunk.finishReason;
  }

  #choice(index: number): Choice {
    while (this.#choices.length <= index) {
      this.#choices.push({
        content: "",
        reasoning: "",
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

function messageOf({ content, reasoning, signature, toolCalls }: Choice): AssistantOutput {
  return {
    role: "assistant",
    content,
    ...(reasoning !== "" && { reasoningContent: reasoning }),
    ...(signature !== undefined && { reasoningSignature: signature }),
    ...(toolCalls.length > 0 && { toolCalls: structuredClone(toolCalls) }),
  };
}

function nonEmpty<T>(items: readonly T[]): NonEmpty<T> {
  // The constructor makes choice 0.
  return items as NonEmpty<T>;
}
