import { Accumulator } from "../response/accumulator.js";
import { type EmptyPartial, emptyChatCompletion, emptyCompletion } from "../response/empty-partial.js";
import type { CancelReason, ErrorInfo, Response } from "../generated/protocol.js";
import type { ChatResponse, CompletionResponse } from "../response/response.js";

/** How runs of one kind of call end before an engine is asked, or when it is lost. */
export interface StreamTerminals<R> {
  cancelled(reason: CancelReason): R;
  failed(error: ErrorInfo): R;
  /** Follows one run. */
  delivered(): Delivered<R>;
}

/** What one run delivered, for the terminal that its engine can no longer make. */
export interface Delivered<R> {
  add(response: Response): void;
  failed(error: ErrorInfo): R;
}

/** Terminals of a chat. */
export function chatTerminals(partial: EmptyPartial): StreamTerminals<ChatResponse> {
  const failed = (error: ErrorInfo): ChatResponse => ({
    kind: "internal_error",
    error,
    partial: emptyChatCompletion(partial, "error"),
  });
  return {
    cancelled: (reason) => ({ kind: "cancelled", reason, partial: emptyChatCompletion(partial, "cancelled") }),
    failed,
    delivered: () =>
      followed(partial.choices, failed, (error, delivered) => ({
        kind: "internal_error",
        error,
        partial: delivered.chat("error"),
      })),
  };
}

/** Terminals of a raw completion. */
export function completionTerminals(partial: EmptyPartial): StreamTerminals<CompletionResponse> {
  const failed = (error: ErrorInfo): CompletionResponse => ({
    kind: "internal_error",
    error,
    partial: emptyCompletion(partial, "error"),
  });
  return {
    cancelled: (reason) => ({ kind: "cancelled", reason, partial: emptyCompletion(partial, "cancelled") }),
    failed,
    delivered: () =>
      followed(partial.choices, failed, (error, delivered) => ({
        kind: "internal_error",
        error,
        partial: delivered.completion("error"),
      })),
  };
}

function followed<R>(
  choices: number,
  nothing: (error: ErrorInfo) => R,
  partly: (error: ErrorInfo, delivered: Accumulator) => R,
): Delivered<R> {
  let delivered: Accumulator | undefined;
  return {
    add(response) {
      if (response.kind !== "chunk" && response.kind !== "completion_chunk") return;
      delivered ??= new Accumulator(response, choices);
      delivered.add(response);
    },
    failed: (error) => (delivered === undefined ? nothing(error) : partly(error, delivered)),
  };
}
