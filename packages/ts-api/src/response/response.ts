import type { ChatCompletion, Completion, EmbeddingList, Response } from "../generated/protocol.js";

/**
 * Every kind of every call, under a name that does not shadow fetch's `Response`.
 *
 * @example
 * ```ts
 * import type { WickResponse } from "wick";
 * const log = (response: WickResponse) => console.debug(response.kind);
 * ```
 */
export type WickResponse = Response;

/**
 * The name of a kind.
 *
 * @example
 * ```ts
 * const seen = new Set<Kind>();
 * ```
 */
export type Kind = Response["kind"];

/**
 * The responses of one kind.
 *
 * @example
 * ```ts
 * const text = (chunk: ResponseOf<"chunk">) => chunk.choices[0].delta.content ?? "";
 * ```
 */
export type ResponseOf<K extends Kind> = Extract<Response, { kind: K }>;

/**
 * The six kinds of a plain chat. Fixed until 2.0: a new kind reaches only a caller who asks for it by a request field that is
 * new too.
 *
 * @example
 * ```ts
 * function show(response: ChatResponse): string {
 *   switch (response.kind) {
 *     case "chunk": return response.choices[0].delta.content ?? "";
 *     case "done": return "";
 *     case "validation_error": case "model_error": case "internal_error": return response.error.message;
 *     case "cancelled": return response.reason;
 *     default: return assertNever(response);
 *   }
 * }
 * ```
 */
export type ChatResponse = Extract<
  Response,
  {
    kind: "chunk" | "done" | "validation_error" | "model_error" | "internal_error" | "cancelled";
    partial?: ChatCompletion;
  }
>;

/**
 * A chat whose tools Wick or the host runs: two kinds more than {@link ChatResponse}.
 *
 * @example
 * ```ts
 * const isAboutTools = (response: AgentResponse) => response.kind.startsWith("agentic_");
 * ```
 */
export type AgentResponse = ChatResponse | ResponseOf<"agentic_tool_call_progress" | "agentic_tool_approval_required">;

/**
 * The six kinds of a raw completion and of fill-in-the-middle.
 *
 * @example
 * ```ts
 * const text = (response: CompletionResponse) => (response.kind === "completion_chunk" ? response.choices[0].text : "");
 * ```
 */
export type CompletionResponse = Extract<
  Response,
  {
    kind:
      | "completion_chunk"
      | "completion_done"
      | "validation_error"
      | "completion_model_error"
      | "internal_error"
      | "cancelled";
    partial?: Completion;
  }
>;

/**
 * The kinds of a call for embeddings.
 *
 * @example
 * ```ts
 * const vectors = (response: EmbeddingResponse) => (response.kind === "embeddings" ? response.embeddings.data : []);
 * ```
 */
export type EmbeddingResponse = Extract<
  Response,
  { kind: "embeddings" | "validation_error" | "internal_error" | "cancelled"; partial?: EmbeddingList }
>;
