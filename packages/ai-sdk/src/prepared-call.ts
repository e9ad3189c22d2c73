import type { CallOptions, ChatResponse, CompletionResponse, ResponseOf, ResponseStream } from "wick";
import type { Warnings } from "./request/warnings.js";

/** A call of the SDK, as Wick has it. */
export interface PreparedCall<Q extends object> {
  request: Q;
  options: CallOptions;
  warnings: Warnings;
  /** Fields of the request that may be left out, with the names that the SDK has for them. */
  optional: ReadonlyMap<string, string>;
}

/** What a language model answers. */
export type Answer = ChatResponse | CompletionResponse | ResponseOf<"prompt_progress">;

/** An answer that tells that there will be no whole one. */
export type Failure = Extract<
  Answer,
  { kind: "validation_error" | "model_error" | "completion_model_error" | "internal_error" | "cancelled" }
>;

/** As much of a stream of Wick as a call needs. */
export type AnswerStream = Pick<ResponseStream<Answer, unknown>, typeof Symbol.asyncIterator | "final" | "cancel">;

/** Whether an answer ends a run that did not come to its end. */
export function isFailure(answer: Answer): answer is Failure {
  switch (answer.kind) {
    case "validation_error":
    case "model_error":
    case "completion_model_error":
    case "internal_error":
    case "cancelled":
      return true;
    case "chunk":
    case "completion_chunk":
    case "prompt_progress":
    case "done":
    case "completion_done":
      return false;
  }
}
