import type { Response } from "../generated/protocol.js";
import type { LiveStream } from "../stream/live-stream.js";
import type { CallObserver, ModelCall, OnCall } from "./call-observer.js";

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
