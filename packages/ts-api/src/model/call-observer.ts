import type { Response } from "../generated/protocol.js";
import type { LiveStream } from "../stream/live-stream.js";

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

/** The stream of a call, with who watches it. */
export function observed<R extends Response, C>(
  stream: LiveStream<R, C>,
  onCall: OnCall | undefined,
  call: ModelCall,
): LiveStream<R, C> {
  if (onCall !== undefined) stream.observe(observerOf(onCall, call));
  return stream;
}

/** An observer that throws for nobody but the process. */
export function observerOf(onCall: OnCall, call: ModelCall): Required<CallObserver> {
  const observer = apart(() => onCall(call)) ?? {};
  return {
    begun: () => void apart(() => observer.begun?.()),
    response: (response) => void apart(() => observer.response?.(response)),
  };
}

function apart<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    return undefined;
  }
}
