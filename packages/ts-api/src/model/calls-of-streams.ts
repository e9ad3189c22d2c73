import { noSchemas } from "../error/refusal.js";
import type { CallOptions, ChatRequest } from "../request/request.js";
import type { InferSchema, Schema } from "../request/schema.js";
import type { Tool } from "../request/tool.js";
import { runnerOf } from "../request/executable.js";
import type { AgentResponse, ChatResponse, CompletionResponse } from "../response/response.js";
import { refusedBy } from "../stream/fixed-feed.js";
import type { LiveStream, LiveStreamInit } from "../stream/live-stream.js";
import { ObjectLiveStream } from "../stream/object-live-stream.js";
import type { AgentStream, ChatStream, Parsed, ResponseStream } from "../stream/response-stream.js";
import type { Response } from "../generated/protocol.js";
import type { ChatCalls, TextCalls } from "./model.js";

/** The calls of a chat, wherever its stream comes from. */
export function chatCalls(
  answer: (request: unknown, options?: CallOptions) => LiveStream<ChatResponse>,
  refusedTerminals: () => LiveStreamInit<ChatResponse>["terminals"],
  model: string,
): ChatCalls {
  const streamOf = (request: unknown, options?: CallOptions): AgentStream<AgentResponse> => {
    const { tools } = Object(request) as { tools?: unknown };
    const runner = Array.isArray(tools) ? tools.map(runnerOf).find((found) => found !== undefined) : undefined;
    if (runner === undefined) return answer(request, options);
    return runner.stream({ request: request as Readonly<Record<string, unknown>>, options, answer, model });
  };
  return {
    // One stream serves every T and P: which kinds it brings follows from the request that made the type.
    stream: <T extends Tool, P extends boolean>(request: ChatRequest<T, P>, options?: CallOptions) =>
      streamOf(request, options) as ResponseStream<Response> as ChatStream<T, P>,
    complete: async (request, options) => streamOf(request, options).final(),
    parse: async <S extends Schema>(): Promise<Parsed<InferSchema<S>>> => {
      throw noSchemas();
    },
    parseStream: <S extends Schema>() =>
      new ObjectLiveStream<InferSchema<S>>(refusedBy(noSchemas()), refusedTerminals()),
  };
}

/** The calls of a completion, or of a hole to fill, wherever its stream comes from. */
export function textCalls<Q>(
  streamOf: (request: Q, options?: CallOptions) => LiveStream<CompletionResponse>,
): TextCalls<Q> {
  return { stream: streamOf, complete: async (request, options) => streamOf(request, options).final() };
}
