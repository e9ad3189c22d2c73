import { type CancelReason, type ChatCompletion, type Completion, type WickResponse, assertNever } from "wick";
import { infoText } from "../failure.js";

/** How a stream ended. */
export type Ending = { kind: "whole"; completion: ChatCompletion | Completion } | { kind: "failed"; reason: string };

/** How a stream ended, if the response is its last. */
export function ending(response: WickResponse): Ending | undefined {
  switch (response.kind) {
    case "done":
    case "completion_done":
      return { kind: "whole", completion: response.completion };
    case "validation_error":
    case "model_error":
    case "completion_model_error":
    case "internal_error":
      return { kind: "failed", reason: infoText(response.error) };
    case "cancelled":
      return { kind: "failed", reason: cancelText(response.reason) };
    case "chunk":
    case "completion_chunk":
    case "prompt_progress":
    case "agentic_tool_call_progress":
    case "agentic_tool_approval_required":
    case "embeddings":
    case "raw":
      return undefined;
    default:
      return assertNever(response);
  }
}

function cancelText(reason: CancelReason): string {
  switch (reason) {
    case "timeout":
      return "The answer was not there in time (--timeout).";
    case "disconnect":
      return "The connection was closed.";
    case "signal":
    case "cancel":
      return "The answer was stopped.";
  }
}
