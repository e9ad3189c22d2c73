import { type EmptyPartial, emptyChatCompletion, emptyCompletion } from "../response/empty-partial.js";
import type { CancelReason, ErrorInfo } from "../generated/protocol.js";
import type { ChatResponse, CompletionResponse } from "../response/response.js";

/** How runs of one kind of call end before an engine is asked. */
export interface StreamTerminals<R> {
  cancelled(reason: CancelReason): R;
  failed(error: ErrorInfo): R;
}

/** Terminals of a chat. */
export function chatTerminals(partial: EmptyPartial): StreamTerminals<ChatResponse> {
  return {
    cancelled: (reason) => ({ kind: "cancelled", reason, partial: emptyChatCompletion(partial, "cancelled") }),
    failed: (error) => ({ kind: "internal_error", error, partial: emptyChatCompletion(partial, "error") }),
  };
}

/** Terminals of a raw completion. */
export function completionTerminals(partial: EmptyPartial): StreamTerminals<CompletionResponse> {
  return {
    cancelled: (reason) => ({ kind: "cancelled", reason, partial: emptyCompletion(partial, "cancelled") }),
    failed: (error) => ({ kind: "internal_error", error, partial: emptyCompletion(partial, "error") }),
  };
}
