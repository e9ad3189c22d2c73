import type {
  CancelReason,
  ErrorInfo,
  FinishReason,
  Message,
  StopReason,
  Timings,
  TokenLogprob,
  Usage,
} from "wick/remote";

/** What the user said. */
export interface UserTurn {
  readonly kind: "user";
  readonly id: string;
  /** The answer it follows; null for a first question. */
  readonly parent: string | null;
  readonly createdAt: number;
  readonly text: string;
}

/** What a model made of it: all rounds of its tools, too. */
export interface AnswerTurn {
  readonly kind: "answer";
  readonly id: string;
  /** The question. */
  readonly parent: string;
  readonly createdAt: number;
  readonly model: string;
  /** As it is shown, in the order in which it came. */
  readonly parts: readonly AnswerPart[];
  /** As it is told the model later. */
  readonly messages: readonly Message[];
  readonly outcome: Outcome;
  readonly usage?: Usage;
  readonly timings?: Timings;
  /** From sending to the first delta, as this page saw it. */
  readonly firstDeltaMs?: number;
  /** Of this visit alone: they are many times as long as their text, and are not kept. */
  readonly logprobs?: readonly TokenLogprob[];
}

/** One step of a conversation. */
export type Turn = UserTurn | AnswerTurn;

/** A stretch of text. */
export interface ProsePart {
  readonly kind: "text" | "reasoning";
  readonly text: string;
}

/** A call of a tool. */
export interface ToolPart {
  readonly kind: "tool";
  readonly callId: string;
  readonly name: string;
  /** JSON, as far as the model kept to it. */
  readonly input: string;
  readonly output: string;
  readonly state: ToolState;
}

/** What an answer is made of. */
export type AnswerPart = ProsePart | ToolPart;

/** Where a call is. */
export type ToolState =
  /** The model has written it, and nobody has run it. */
  | { readonly kind: "written" }
  | { readonly kind: "asking"; readonly approvalId: string; readonly expiresAt?: number }
  | { readonly kind: "calling" }
  | { readonly kind: "complete"; readonly durationMs?: number }
  | { readonly kind: "failed"; readonly error: ErrorInfo }
  | { readonly kind: "denied"; readonly reason?: string }
  /** The run ended before the call did. */
  | { readonly kind: "left" };

/** How an answer ended. */
export type Outcome =
  | { readonly kind: "done"; readonly finishReason: FinishReason; readonly stopReason?: StopReason }
  | { readonly kind: "cancelled"; readonly reason: CancelReason }
  | { readonly kind: "failed"; readonly of: FailureKind; readonly error: ErrorInfo }
  /** The page was closed while it came. */
  | { readonly kind: "interrupted" };

/** The terminals that carry an error. */
type FailureKind = "validation_error" | "model_error" | "internal_error";
