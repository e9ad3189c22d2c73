import type { AssistantOutput, ChunkChoice, TokenLogprob } from "wick";

/** A part of an answer, as APIs have it whose answers are lists of parts. */
export type Block =
  | { kind: "thinking"; text: string }
  | { kind: "text"; text: string; logprobs: TokenLogprob[] }
  | { kind: "call"; id: string; name: string; arguments: string };

/** What happens to the parts of an answer while it is streamed. One is open at a time. */
export type BlockEvent =
  | { kind: "begin"; index: number; block: Block }
  | { kind: "delta"; index: number; block: Block; delta: string; logprobs: readonly TokenLogprob[] }
  | { kind: "end"; index: number; block: Block };

/** Cuts the deltas of choice 0 into parts: thoughts, text, and each call. */
export class Blocks {
  readonly all: Block[] = [];
  /** Which call of the message the open part is. */
  #call: number | undefined;
  #isOpen = false;

  /** What a chunk's share of the choice does. */
  *take({ delta, logprobs = [] }: ChunkChoice): Generator<BlockEvent, void, undefined> {
    const { reasoningContent = "", content = "", toolCalls = [] } = delta;
    if (reasoningContent !== "") {
      yield* this.#open("thinking", () => ({ kind: "thinking", text: "" }));
      yield* this.#add(reasoningContent, []);
    }
    if (content !== "") {
      yield* this.#open("text", () => ({ kind: "text", text: "", logprobs: [] }));
      yield* this.#add(content, logprobs);
    }
    for (const { index, id = "", function: piece } of toolCalls) {
      if (this.#call !== index || this.all.at(-1)?.kind !== "call") {
        yield* this.end();
        yield this.#begin({ kind: "call", id, name: piece.name ?? "", arguments: "" });
        this.#call = index;
      }
      if (piece.arguments !== undefined && piece.arguments !== "") yield* this.#add(piece.arguments, []);
    }
  }

  /** Ends the part that is open. */
  *end(): Generator<BlockEvent, void, undefined> {
    const block = this.all.at(-1);
    if (!this.#isOpen || block === undefined) return;
    this.#isOpen = false;
    yield { kind: "end", index: this.all.length - 1, block };
  }

  *#open(kind: Block["kind"], make: () => Block): Generator<BlockEvent, void, undefined> {
    if (this.#isOpen && this.all.at(-1)?.kind === kind) return;
    yield* this.end();
    yield this.#begin(make());
  }

  #begin(block: Block): BlockEvent {
    this.all.push(block);
    this.#isOpen = true;
    return { kind: "begin", index: this.all.length - 1, block: { ...block } };
  }

  *#add(delta: string, logprobs: readonly TokenLogprob[]): Generator<BlockEvent, void, undefined> {
    const block = this.all.at(-1);
    if (block === undefined) return;
    switch (block.kind) {
      case "thinking":
        block.text += delta;
        break;
      case "text":
        block.text += delta;
        block.logprobs.push(...logprobs);
        break;
      case "call":
        block.arguments += delta;
        break;
    }
    yield { kind: "delta", index: this.all.length - 1, block, delta, logprobs };
  }
}

/** The parts of a whole message. */
export function blocksOf(message: AssistantOutput, logprobs: readonly TokenLogprob[] = []): Block[] {
  const { reasoningContent = "", content, toolCalls = [] } = message;
  return [
    ...(reasoningContent === "" ? [] : [{ kind: "thinking" as const, text: reasoningContent }]),
    ...(content === "" ? [] : [{ kind: "text" as const, text: content, logprobs: [...logprobs] }]),
    ...toolCalls.map(({ id, function: { name, arguments: given } }) => ({
      kind: "call" as const,
      id,
      name,
      arguments: given,
    })),
  ];
}
