import type { Response } from "../generated/protocol.js";

/**
 * A call of a model, as it is made.
 *
 * @example
 * ```ts
 * const onCall = ({ kind, model }: ModelCall) => void calls.add(1, { kind, model });
 * ```
 */
export interface ModelCall {
  /** Which of the model's calls. */
  kind: "chat" | "completion" | "fim" | "embeddings";
  /** The model's id. */
  model: string;
  /** As the program made it, whatever it is: nothing was checked yet. */
  request: unknown;
}

/**
 * Who watches one call. What it throws is an uncaught exception, as that of an event listener is: no stream sees it.
 *
 * @example
 * ```ts
 * const observer: CallObserver = { response: (response) => void kinds.push(response.kind) };
 * ```
 */
export interface CallObserver {
  /** At the first pull; a stream that is never read never begins. */
  begun?(): void;
  /** Each response as it is taken, the terminal last. */
  response?(response: Response): void;
}

/**
 * Called with each call of a model.
 *
 * @example
 * ```ts
 * const onCall: OnCall = ({ kind }) => ({ response: ({ kind: of }) => console.debug(kind, of) });
 * ```
 */
export type OnCall = (call: ModelCall) => CallObserver | undefined | void;
