import type { ChatCompletion, PromptProgressResponse, Response } from "../generated/protocol.js";
import type { AgentResponse, ChatResponse } from "../response/response.js";
import type { FunctionTool, Tool } from "../request/tool.js";

/**
 * What `final()` gives for a stream of `R`.
 *
 * @example
 * ```ts
 * type Whole = CompletionOf<ChatResponse>; // ChatCompletion
 * ```
 */
export type CompletionOf<R> = R extends { kind: "done" | "completion_done"; completion: infer C } ? C : never;

/**
 * One run, one reader.
 *
 * Nothing starts before the first pull, and the model runs only a few tokens ahead of its reader. The stream is not a promise,
 * so `await` on it is harmless. Iterating never throws for what happened to the generation: that is the last response.
 *
 * Leaving the loop cancels, but `break` inside a `switch` leaves only the switch: label the loop, `return`, or call
 * {@link ResponseStream.cancel | cancel()}.
 *
 * @example
 * ```ts
 * const stream = model.chat.stream({ messages });
 * reading: for await (const response of stream) {
 *   switch (response.kind) {
 *     case "chunk":
 *       process.stdout.write(response.choices[0].delta.content ?? "");
 *       if (enough()) break reading;
 *       break;
 *     case "done": case "validation_error": case "model_error": case "internal_error": case "cancelled": break;
 *     default: assertNever(response);
 *   }
 * }
 * ```
 */
export interface ResponseStream<R extends Response, C = CompletionOf<R>> extends AsyncIterable<R>, AsyncDisposable {
  /**
   * The reader. It has one pull at a time: a `next()` before the last one was answered rejects with `busy`, and takes nothing
   * away. `for await` and streams never do that.
   *
   * @throws {@link WickError} `stream_consumed` when there is a reader already.
   */
  [Symbol.asyncIterator](): AsyncIterator<R, void, undefined>;
  /**
   * A reader that yields choice 0's content only, and throws {@link WickError} where the stream ends without `done`.
   *
   * @example
   * ```ts
   * for await (const piece of model.chat.stream({ messages }).text()) process.stdout.write(piece);
   * ```
   */
  text(): AsyncIterable<string>;
  /**
   * The whole answer. Unread: reads to the end, and is then the reader. Being read, or read: waits for the same end and takes no
   * event away.
   *
   * @throws {@link WickError} unless the stream ends with `done`; its `partial` is what was delivered.
   *
   * @example
   * ```ts
   * const { usage } = await stream.final();
   * ```
   */
  final(): Promise<C>;
  /**
   * Ends the run. The loop then gets `cancelled`; events not yet read are dropped. Idempotent, never throws.
   *
   * @example
   * ```ts
   * process.once("SIGINT", () => stream.cancel());
   * ```
   */
  cancel(): void;
  /**
   * A reader: a web stream of the responses.
   *
   * @example
   * ```ts
   * await stream.toReadableStream().pipeTo(writable);
   * ```
   */
  toReadableStream(): ReadableStream<R>;
  /**
   * A reader: the responses as server-sent events, in bytes; {@link readResponses} is the other end. One event per pull: nothing
   * is generated for a client that does not read.
   *
   * @example
   * ```ts
   * return new Response(stream.toServerSentEvents(), { headers: { "content-type": "text/event-stream" } });
   * ```
   */
  toServerSentEvents(): ReadableStream<Uint8Array>;
  /**
   * The same with its headers, as an answer to a request.
   *
   * @param init - Status and headers; these win over ours.
   *
   * @example
   * ```ts
   * export default { fetch: (request: Request) => model.chat.stream({ messages }, { signal: request.signal }).toResponse() };
   * ```
   */
  toResponse(init?: ResponseInit): globalThis.Response;
}

/**
 * A stream whose tools can ask for permission.
 *
 * @example
 * ```ts
 * if (response.kind === "agentic_tool_approval_required") await stream.approve(response.approvalId);
 * ```
 */
export interface AgentStream<R extends Response, C = CompletionOf<R>> extends ResponseStream<R, C> {
  /** Lets the tool run; `remember` answers for its later calls too. */
  approve(approvalId: string, options?: { remember?: boolean }): Promise<void>;
  /** Refuses; the model reads the reason. */
  deny(approvalId: string, options?: { reason?: string; remember?: boolean }): Promise<void>;
}

/**
 * What a chat with tools `T` and prompt progress `P` streams: no kind that cannot occur.
 *
 * @example
 * ```ts
 * const stream: ChatStream<FunctionTool, false> = model.chat.stream({ messages });
 * ```
 */
export type ChatStream<T extends Tool, P extends boolean> = [T] extends [FunctionTool]
  ? ResponseStream<ChatResponse | WithProgress<P>>
  : AgentStream<AgentResponse | WithProgress<P>>;

/**
 * The kind that `promptProgress: true` adds.
 *
 * @example
 * ```ts
 * type Added = WithProgress<true>; // PromptProgressResponse
 * ```
 */
export type WithProgress<P extends boolean> = P extends true ? PromptProgressResponse : never;

/**
 * A value on its way: everything may still be missing.
 *
 * @example
 * ```ts
 * const partial: DeepPartial<{ city: { name: string } }> = { city: {} };
 * ```
 */
export type DeepPartial<T> = T extends readonly (infer E)[]
  ? DeepPartial<E>[]
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/**
 * A completion with the value its text stands for.
 *
 * @example
 * ```ts
 * const { parsed }: Parsed<{ city: string }> = await model.chat.parse({ messages }, schema);
 * ```
 */
export type Parsed<T> = ChatCompletion & { parsed: T };

/**
 * A stream of a value that fits a schema.
 *
 * @example
 * ```ts
 * for await (const partial of model.chat.parseStream({ messages }, schema).partials()) render(partial);
 * ```
 */
export interface ObjectStream<T> extends ResponseStream<ChatResponse, Parsed<T>> {
  /** A reader too: the value as far as it has come, at every step. */
  partials(): AsyncIterable<DeepPartial<T>>;
}
