import type {
  CancelReason,
  ChunkDelta,
  ErrorInfo,
  FinishReason,
  PromptProgressResponse,
  StopReason,
  ToolCall,
  Usage,
} from "../generated/protocol.js";

/**
 * How a scripted run ends other than with `done`: after so many chunks (`after`; all of them by default), or at once with
 * `after: 0`. `hang` never ends by itself: for tests of timeouts and signals.
 *
 * @example
 * ```ts
 * const end: ScriptedEnd = { kind: "model_error", after: 3, error: { code: "numeric_error" } };
 * ```
 */
export type ScriptedEnd =
  | {
      /** What fails. A `validation_error` comes before any chunk. */
      kind: "validation_error" | "model_error" | "internal_error";
      /** Chunks before it. */
      after?: number | undefined;
      /** The error; `message` and `retryable` have defaults. */
      error: Pick<ErrorInfo, "code"> & Partial<ErrorInfo>;
    }
  | {
      /** Somebody cancels. */
      kind: "cancelled";
      /** Chunks before it. */
      after?: number | undefined;
      /** Who; `cancel`. */
      reason?: CancelReason | undefined;
    }
  | {
      /** Nothing more comes. */
      kind: "hang";
      /** Chunks before it. */
      after?: number | undefined;
    };

/**
 * What a scripted model answers to one call.
 *
 * @example
 * ```ts
 * const reply: ScriptedReply = { text: ["The sky ", "is blue."], delayMs: 5, usage: { promptTokens: 12 } };
 * ```
 */
export interface ScriptedReply {
  /** The answer; an array is one chunk for each piece, a string is cut behind its words. */
  text?: string | readonly string[] | undefined;
  /** Comes before the text. Chats only. */
  reasoning?: string | readonly string[] | undefined;
  /** Come after the text. Chats only. */
  toolCalls?: readonly ToolCall[] | undefined;
  /** `prompt_progress` events, which come first, for requests that ask for them. */
  promptProgress?: readonly Omit<PromptProgressResponse, "kind">[] | undefined;
  /** `tool_calls` where there are calls, else `stop`. */
  finishReason?: FinishReason | undefined;
  /** `eos`. */
  stopReason?: StopReason | undefined;
  /** Over the counted ones: bytes of the prompt, chunks of the answer. */
  usage?: Partial<Usage> | undefined;
  /** Before each chunk. Without it a chunk is ready when it is pulled. */
  delayMs?: number | undefined;
  /** How it ends; with `done` by default. */
  end?: ScriptedEnd | undefined;
}

/** What each chunk of a reply adds to a choice, in order; never empty, so that there is one for the finish reason. */
export function deltasOf(reply: ScriptedReply): ChunkDelta[] {
  const deltas: ChunkDelta[] = [
    ...piecesOf(reply.reasoning).map((reasoningContent) => ({ reasoningContent })),
    ...piecesOf(reply.text).map((content) => ({ content })),
    ...(reply.toolCalls ?? []).map(({ id, function: call }, index) => ({ toolCalls: [{ index, id, function: call }] })),
  ];
  return deltas.length > 0 ? deltas : [{}];
}

/** Why its choices end. */
export function finishReasonOf({ finishReason, toolCalls }: ScriptedReply): FinishReason {
  return finishReason ?? ((toolCalls?.length ?? 0) > 0 ? "tool_calls" : "stop");
}

function piecesOf(text: string | readonly string[] = []): readonly string[] {
  return typeof text === "string" ? (text.match(/\s*\S+\s*?(?=\s|$)|\s+$/g) ?? []) : text;
}
