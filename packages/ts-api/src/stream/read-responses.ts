import { checkCallOptions } from "../request/call-options.js";
import { BodyFeed } from "./body-feed.js";
import { FixedFeed } from "./fixed-feed.js";
import { GivenBody } from "./given-body.js";
import type { CancelReason, ErrorInfo, Response } from "../generated/protocol.js";
import { LiveStream } from "./live-stream.js";
import type { CallOptions } from "../request/request.js";
import { ResponseReader } from "./response-reader.js";
import type { ResponseStream } from "./response-stream.js";
import type { ChatResponse } from "../response/response.js";
import { chatTerminals } from "./stream-terminals.js";
import { WickError } from "../error/wick-error.js";

/**
 * The other end of `toServerSentEvents`: a fetch Response or its body, in a browser or anywhere.
 *
 * A body that ends early is the terminal `internal_error` with code `stream_truncated` and the text so far.
 *
 * @param source - What `fetch` gave, or a stream of bytes. Read as the responses are pulled.
 * @param options - How reading ends early; that cancels the body, and with it the run at the other end.
 *
 * @example
 * ```ts
 * for await (const response of readResponses(await fetch("/chat", { method: "POST", body }))) {
 *   if (response.kind === "chunk") append(response.choices[0].delta.content ?? "");
 * }
 * ```
 */
export function readResponses<R extends Response = ChatResponse>(
  source: globalThis.Response | ReadableStream<Uint8Array>,
  options: CallOptions = {},
): ResponseStream<R> {
  // A body that was never read says nothing of its kind of call, so that the partial is that of a chat.
  const chat = chatTerminals({ model: "", choices: 1 });
  const terminals = {
    cancelled: (reason: CancelReason) => chat.cancelled(reason) as Response as R,
    failed: (error: ErrorInfo) => chat.failed(error) as Response as R,
  };
  try {
    checkCallOptions(options);
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    const refusal = new FixedFeed<R>({ kind: "validation_error", error: error.info } as Response as R);
    return new LiveStream<R>({ feed: refusal, terminals });
  }
  return new LiveStream<R>({
    feed: new BodyFeed<R>({
      body: new GivenBody(source),
      reader: (queue, endings) => new ResponseReader(queue, endings),
      // A body of a raw completion says so in its first response.
      kind: "chat",
      model: "",
      timeoutMs: options.timeoutMs,
    }),
    terminals,
    signal: options.signal,
  });
}
