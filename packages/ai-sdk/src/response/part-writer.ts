import type { ChatCompletion, ChunkDelta, Completion, JsonValue, ModelInfo, ResponseOf } from "wick";
import type { Answer, Failure } from "../prepared-call.js";
import { finishReasonOf, metadataOf, signatureOf, usageOf } from "./finish.js";
import type { WickMetadata, WickStreamPart } from "../sdk-types.js";
import { ToolInputs } from "./tool-inputs.js";

/** Writes the answers of a run as the parts that the SDK knows: blocks of text and reasoning, calls of tools, one finish. */
export class PartWriter {
  readonly #backend: ModelInfo["backend"];
  readonly #toolInputs = new ToolInputs();
  readonly #upstream: JsonValue[] = [];
  #open: { type: "text" | "reasoning"; id: string } | undefined;
  #blocks = 0;
  #hasMetadata = false;

  constructor(backend: ModelInfo["backend"]) {
    this.#backend = backend;
  }

  /** The parts of an answer that is no failure; may be none. */
  parts(answer: Exclude<Answer, Failure>): WickStreamPart[] {
    switch (answer.kind) {
      case "prompt_progress":
        return [];
      case "chunk":
        this.#upstream.push(...(answer.upstream ?? []));
        return [
          ...this.#metadata(answer),
          ...answer.choices.flatMap(({ index, delta }) => (index === 0 ? this.#delta(delta) : [])),
        ];
      case "completion_chunk":
        return [
          ...this.#metadata(answer),
          ...answer.choices.flatMap(({ index, text }) => (index === 0 ? this.#text("text", text) : [])),
        ];
      case "done":
      case "completion_done":
        return [...this.#metadata(answer.completion), ...this.#done(answer.completion)];
    }
  }

  /** The parts of an end that is none: what is open is closed, and what was delivered stays. */
  failed(failure: Failure, error: unknown): WickStreamPart[] {
    const usage = failure.kind === "validation_error" ? undefined : partialUsage(failure.partial);
    const raw = "error" in failure ? failure.error.code : failure.reason;
    return [
      ...this.#close(undefined),
      ...this.#toolInputs.close(),
      { type: "error", error },
      { type: "finish", finishReason: { unified: "error", raw }, usage: usageOf(usage, this.#backend) },
    ];
  }

  #delta({ reasoningContent = "", content = "", toolCalls = [] }: ChunkDelta): WickStreamPart[] {
    return [
      ...this.#text("reasoning", reasoningContent),
      ...this.#text("text", content),
      ...(toolCalls.length > 0 ? this.#close(undefined) : []),
      ...toolCalls.flatMap((piece) => this.#toolInputs.add(piece)),
    ];
  }

  #text(type: "text" | "reasoning", delta: string): WickStreamPart[] {
    if (delta === "") return [];
    if (this.#open?.type === type) return [{ type: `${type}-delta`, id: this.#open.id, delta }];
    const before = [...this.#close(undefined), ...this.#toolInputs.endWhole()];
    this.#blocks += 1;
    const id = `${type}-${this.#blocks}`;
    this.#open = { type, id };
    return [...before, { type: `${type}-start`, id }, { type: `${type}-delta`, id, delta }];
  }

  #close(providerMetadata: WickMetadata | undefined): WickStreamPart[] {
    if (this.#open === undefined) return [];
    const { type, id } = this.#open;
    this.#open = undefined;
    return [{ type: `${type}-end`, id, ...(providerMetadata !== undefined && { providerMetadata }) }];
  }

  #metadata({ id, model, created }: Pick<ResponseOf<"chunk">, "id" | "model" | "created">): WickStreamPart[] {
    if (this.#hasMetadata) return [];
    this.#hasMetadata = true;
    return [{ type: "response-metadata", id, modelId: model, timestamp: new Date(created * 1000) }];
  }

  #done(completion: ChatCompletion | Completion): WickStreamPart[] {
    const [choice] = completion.choices;
    // Told at the end alone, so that it goes with what ends last: the SDK brings it back with that.
    const signature = signatureOf(choice);
    const providerMetadata = metadataOf(completion, this.#upstream);
    return [
      ...this.#close(signature),
      ...this.#toolInputs.endAll(signature),
      {
        type: "finish",
        finishReason: finishReasonOf(choice.finishReason),
        usage: usageOf(completion.usage, this.#backend),
        ...(providerMetadata !== undefined && { providerMetadata }),
      },
    ];
  }
}

function partialUsage(partial: Exclude<Failure, { kind: "validation_error" }>["partial"]) {
  return partial.usage;
}
