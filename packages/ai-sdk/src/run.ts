import type { SharedV3Warning } from "@ai-sdk/provider";
import type { CallOptions } from "wick";
import { type CalledModel, callError } from "./error/call-error.js";
import { type Answer, type AnswerStream, type Failure, type PreparedCall, isFailure } from "./prepared-call.js";

/** A call that has begun: its first answer came, and is no failure. */
export interface Run {
  model: CalledModel;
  /** As it was asked for at last. */
  request: object;
  signal: AbortSignal | undefined;
  warnings: SharedV3Warning[];
  first: Answer;
  reader: AsyncIterator<Answer, void>;
  stream: AnswerStream;
}

/**
 * Begins a call and waits for its first answer, so that what cannot run is thrown, where the SDK may try again, and no stream.
 * A field that the model has not, and that an answer can do without, is left out and told.
 */
export async function beginRun<Q extends object>(
  { request, options, warnings, optional }: PreparedCall<Q>,
  model: CalledModel,
  open: (request: Q, options: CallOptions) => AnswerStream,
): Promise<Run> {
  const { signal } = options;
  const leftOut = new Set<string>();
  for (;;) {
    const asked = without(request, leftOut);
    const stream = open(asked, options);
    const reader = stream[Symbol.asyncIterator]();
    const { value: first } = await reader.next();
    if (first === undefined) throw new TypeError("A stream of Wick ended without a word. Please report this.");
    if (!isFailure(first)) {
      return { model, request: asked, signal, warnings: warnings.list(), first, reader, stream };
    }
    const { field, message } = refusalOf(first);
    const option = optional.get(field);
    // What is refused though it is no longer there is not asked for again.
    if (option === undefined || leftOut.has(field)) {
      throw await failureOf(first, { model, signal, stream });
    }
    warnings.unsupported(option, message);
    leftOut.add(field);
  }
}

/** What a failed run throws, or says in an `error` part: the reason of its signal, or Wick's error with what was delivered. */
export async function failureOf(
  failure: Failure,
  { model, signal, stream }: Pick<Run, "model" | "signal" | "stream">,
): Promise<unknown> {
  if (failure.kind === "cancelled" && failure.reason === "signal" && signal !== undefined) return signal.reason;
  // Of a run that has failed, it gives the error.
  return stream.final().catch((error: unknown) => callError(error, model));
}

/** The field that a model has not, and what it says of it. */
function refusalOf(failure: Failure): { field: string; message: string } {
  if (failure.kind !== "validation_error" || failure.error.code !== "unsupported") return { field: "", message: "" };
  return { field: failure.error.where ?? "", message: failure.error.message };
}

function without<Q extends object>(request: Q, names: ReadonlySet<string>): Q {
  // Fields that may be left out are optional ones.
  return Object.fromEntries(Object.entries(request).filter(([name]) => !names.has(name))) as Q;
}
