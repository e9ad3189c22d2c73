import type { Completion, CompletionResponse, ResponseStream, Usage } from "wick";
import type { ReadableRun } from "../run/run.js";

type TextStream = ResponseStream<CompletionResponse>;

/**
 * Several prompts as one stream: the choices of each follow those of the one before. It ends when all have, or when one fails.
 *
 * @param n - Choices of each.
 */
export function promptBatch(streams: readonly TextStream[], n: number): ReadableRun<CompletionResponse> {
  const [only] = streams;
  if (streams.length === 1 && only !== undefined) return only;
  const batch = new PromptBatch(streams, n);
  return { cancel: () => batch.cancel(), [Symbol.asyncIterator]: () => batch };
}

class PromptBatch implements AsyncIterator<CompletionResponse, void, undefined> {
  readonly #streams: readonly TextStream[];
  readonly #readers: readonly AsyncIterator<CompletionResponse, void, undefined>[];
  readonly #n: number;
  /** The pull of each stream that has not ended, and whose it is. */
  readonly #pulls = new Map<number, Promise<{ index: number; response: CompletionResponse }>>();
  readonly #completions: Completion[] = [];
  #hasEnded = false;

  constructor(streams: readonly TextStream[], n: number) {
    this.#streams = streams;
    this.#readers = streams.map((stream) => stream[Symbol.asyncIterator]());
    this.#n = n;
    for (const index of streams.keys()) this.#pull(index);
  }

  cancel(): void {
    for (const stream of this.#streams) stream.cancel();
  }

  async next(): Promise<IteratorResult<CompletionResponse, void>> {
    while (!this.#hasEnded) {
      const { index, response } = await Promise.race(this.#pulls.values());
      this.#pulls.delete(index);
      const merged = this.#merged(index, response);
      if (merged !== undefined) return { done: false, value: merged };
    }
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<CompletionResponse, void>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** A response as one of the whole batch; undefined where the batch goes on without a word. */
  #merged(index: number, response: CompletionResponse): CompletionResponse | undefined {
    switch (response.kind) {
      case "completion_chunk": {
        this.#pull(index);
        const [first, ...rest] = response.choices;
        const moved = <T extends { index: number }>(choice: T) => ({
          ...choice,
          index: choice.index + index * this.#n,
        });
        return { ...response, id: this.#id(response.id), choices: [moved(first), ...rest.map(moved)] };
      }
      case "completion_done": {
        this.#completions[index] = response.completion;
        if (this.#pulls.size > 0) return undefined;
        this.#hasEnded = true;
        return { kind: "completion_done", completion: this.#whole() };
      }
      case "validation_error":
      case "completion_model_error":
      case "internal_error":
      case "cancelled":
        this.#end();
        return response;
    }
  }

  #pull(index: number): void {
    const reader = this.#readers[index];
    if (reader === undefined) return;
    const pull = reader.next().then(({ value }) => {
      if (value === undefined) throw new Error("A stream ended without a terminal.");
      return { index, response: value };
    });
    // One that is left alone must not end the process.
    pull.catch(() => {});
    this.#pulls.set(index, pull);
  }

  #first: string | undefined;

  /** All chunks of one answer have one id: that of whichever was first. */
  #id(id: string): string {
    this.#first ??= id;
    return this.#first;
  }

  #whole(): Completion {
    const [first] = this.#completions;
    const choices = this.#completions.flatMap((completion, index) =>
      completion.choices.map((choice) => ({ ...choice, index: choice.index + index * this.#n })),
    );
    const [head, ...rest] = choices;
    if (first === undefined || head === undefined) throw new Error("A batch ended without a completion.");
    return { ...first, id: this.#id(first.id), choices: [head, ...rest], usage: this.#usage() };
  }

  #usage(): Usage {
    const total = { promptTokens: 0, completionTokens: 0, totalTokens: 0, cachedTokens: 0 };
    for (const { usage } of this.#completions) {
      total.promptTokens += usage?.promptTokens ?? 0;
      total.completionTokens += usage?.completionTokens ?? 0;
      total.totalTokens += usage?.totalTokens ?? 0;
      total.cachedTokens += usage?.cachedTokens ?? 0;
    }
    return total;
  }

  #end(): void {
    this.#hasEnded = true;
    for (const reader of this.#readers) void reader.return?.();
  }
}
