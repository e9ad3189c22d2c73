import type { ModelInfo } from "wick";
import { isFailure } from "../prepared-call.js";
import { type Run, failureOf } from "../run.js";
import type { WickContent, WickGenerateResult, WickMetadata, WickStreamPart } from "../sdk-types.js";
import { PartWriter } from "./part-writer.js";

/**
 * The whole answer of a run: the parts of its stream, put together, so that both ways to ask give the same.
 *
 * @throws Wick's error with what was delivered, or the signal's reason, unless it comes to its end.
 */
export async function generated(run: Run, { backend }: { backend: ModelInfo["backend"] }): Promise<WickGenerateResult> {
  const writer = new PartWriter(backend);
  const content = new ContentList();
  for (let answer = run.first; ;) {
    if (isFailure(answer)) throw await failureOf(answer, run);
    for (const part of writer.parts(answer)) {
      if (part.type === "error") throw part.error;
      if (part.type === "finish") {
        const { finishReason, usage, providerMetadata } = part;
        return {
          content: content.list(),
          finishReason,
          usage,
          warnings: run.warnings,
          request: { body: run.request },
          response: { ...content.response, body: "completion" in answer ? answer.completion : undefined },
          ...(providerMetadata !== undefined && { providerMetadata }),
        };
      }
      content.add(part);
    }
    const { value } = await run.reader.next();
    if (value === undefined)
      throw new TypeError("A stream of Wick ended without its last response. Please report this.");
    answer = value;
  }
}

/** What a model said, in order. */
class ContentList {
  readonly #content: (Extract<WickContent, { type: "tool-call" }> | Said)[] = [];
  response: Omit<WickGenerateResult["response"], "body"> = {};

  add(part: WickStreamPart): void {
    switch (part.type) {
      case "text-start":
        this.#content.push({ type: "text", pieces: [] });
        break;
      case "reasoning-start":
        this.#content.push({ type: "reasoning", pieces: [] });
        break;
      case "text-delta":
      case "reasoning-delta":
        this.#last()?.pieces.push(part.delta);
        break;
      case "text-end":
      case "reasoning-end": {
        const last = this.#last();
        if (last !== undefined && part.providerMetadata !== undefined) last.providerMetadata = part.providerMetadata;
        break;
      }
      case "tool-call":
        this.#content.push(part);
        break;
      case "response-metadata": {
        const { type: _, ...response } = part;
        this.response = response;
      }
    }
  }

  list(): WickContent[] {
    return this.#content.map((item) => {
      if (!("pieces" in item)) return item;
      const { pieces, ...rest } = item;
      return { ...rest, text: pieces.join("") };
    });
  }

  /** The block that is written: the writer has one at a time. */
  #last(): Said | undefined {
    const last = this.#content.at(-1);
    return last !== undefined && "pieces" in last ? last : undefined;
  }
}

interface Said {
  type: "text" | "reasoning";
  pieces: string[];
  providerMetadata?: WickMetadata;
}
