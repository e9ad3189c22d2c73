import type { Response } from "../generated/protocol.js";
import { protocolError } from "./protocol-error.js";
import type { ResponseQueue } from "./response-queue.js";
import type { RunEndings } from "./run-endings.js";
import { truncated } from "./truncated.js";
import type { WireReader } from "./wire-reader.js";

/** The kinds of this version. Others are of a later one and were not asked for: they are dropped. */
const knownKinds: Readonly<Record<Exclude<Response["kind"], "raw">, true>> = {
  chunk: true,
  done: true,
  validation_error: true,
  model_error: true,
  internal_error: true,
  cancelled: true,
  prompt_progress: true,
  agentic_tool_call_progress: true,
  agentic_tool_approval_required: true,
  completion_chunk: true,
  completion_done: true,
  completion_model_error: true,
  embeddings: true,
};

/** Reads Wick's own wire form: each event is one response as JSON. */
export class ResponseReader<R extends Response> implements WireReader {
  readonly #queue: ResponseQueue<R>;
  readonly #endings: RunEndings;
  readonly #passes: (response: Response) => boolean;
  #events = 0;

  /** @param passes - Whether a response is for the reader. */
  constructor(queue: ResponseQueue<R>, endings: RunEndings, passes: (response: Response) => boolean = () => true) {
    this.#queue = queue;
    this.#endings = endings;
    this.#passes = passes;
  }

  event(data: string, _name: string | undefined, isLast: boolean): void {
    this.#events += 1;
    if (this.#queue.isEnded) return;
    const response = parseResponse(data);
    if (response === undefined) {
      if (isLast) throw truncated();
      throw protocolError(`Event ${this.#events} is no response of Wick`, data, `event ${this.#events}`);
    }
    if (!Object.hasOwn(knownKinds, response.kind)) return;
    // Whether the body is of the call that `R` says cannot be told here; the program says what it asked for.
    const known = response as Response as R;
    if (known.kind.startsWith("completion_")) this.#endings.kind = "completion";
    if (this.#passes(known)) this.#queue.push(known);
  }

  whole(value: unknown): void {
    throw protocolError("The answer is no stream of responses", JSON.stringify(value));
  }

  end(): void {
    if (!this.#queue.isEnded) throw truncated();
  }
}

function parseResponse(data: string): { kind: string } | undefined {
  try {
    const value: unknown = JSON.parse(data);
    const isKinded = typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
    return isKinded ? (value as { kind: string }) : undefined;
  } catch {
    return undefined;
  }
}
