import { invalidRequest, isRefusal } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";
import type { CallOptions, ChatRequest, ResponseFormat } from "../request/request.js";
import type { InferSchema, Schema } from "../request/schema.js";
import type { Tool } from "../request/tool.js";
import { runnerOf } from "../request/executable.js";
import type { AgentResponse, ChatResponse, CompletionResponse } from "../response/response.js";
import { refusedBy } from "../stream/fixed-feed.js";
import { LiveStream, type LiveStreamInit } from "../stream/live-stream.js";
import { ObjectLiveStream } from "../stream/object-live-stream.js";
import type { AgentStream, ChatStream, ResponseStream } from "../stream/response-stream.js";
import type { Response } from "../generated/protocol.js";
import type { OnCall } from "./call-observer.js";
import { observed, observerOf } from "./observed.js";
import type { ChatCalls, EmbeddingCalls, TextCalls } from "./model.js";

/** The calls of a chat, wherever its stream comes from. */
export function chatCalls(
  answer: (request: unknown, options?: CallOptions) => LiveStream<ChatResponse>,
  refusedTerminals: () => LiveStreamInit<ChatResponse>["terminals"],
  model: string,
  onCall: OnCall | undefined,
): ChatCalls {
  const streamOf = (request: unknown, options?: CallOptions): AgentStream<AgentResponse> =>
    observed(answerOf(request, options), onCall, { kind: "chat", model, request });
  const answerOf = (request: unknown, options?: CallOptions): LiveStream<AgentResponse> => {
    const { tools } = Object(request) as { tools?: unknown };
    const runner = Array.isArray(tools) ? tools.map(runnerOf).find((found) => found !== undefined) : undefined;
    if (runner === undefined) return answer(request, options) as LiveStream<AgentResponse>;
    return runner.stream({ request: request as Readonly<Record<string, unknown>>, options, answer, model });
  };
  const objectOf = <S extends Schema>(request: ObjectRequest, schema: S, options?: CallOptions) => {
    const given: object = Object(request) as object;
    const stream = Object.hasOwn(given, "responseFormat")
      ? new LiveStream<ChatResponse>({ feed: refusedBy(formatGiven()), terminals: refusedTerminals() })
      : streamOf({ ...given, responseFormat: formatOf(schema) }, options);
    // Tools that Wick runs add kinds that nobody asked for by type.
    return new ObjectLiveStream<InferSchema<S>>(stream as LiveStream<ChatResponse>, schema);
  };
  return {
    // One stream serves every T and P: which kinds it brings follows from the request that made the type.
    stream: <T extends Tool, P extends boolean>(request: ChatRequest<T, P>, options?: CallOptions) =>
      streamOf(request, options) as ResponseStream<Response> as ChatStream<T, P>,
    complete: async (request, options) => streamOf(request, options).final(),
    parse: async <S extends Schema>(request: ObjectRequest, schema: S, options?: CallOptions) =>
      objectOf<S>(request, schema, options).final(),
    parseStream: objectOf,
  };
}

type ObjectRequest = Omit<ChatRequest, "responseFormat">;

function formatOf(schema: Schema): ResponseFormat {
  return { type: "json_schema", jsonSchema: { name: "answer", schemaDefinition: schema } };
}

function formatGiven(): WickError {
  return invalidRequest("responseFormat", "The schema is the answer's form; leave responseFormat out, or use stream.");
}

/** The calls of a completion, or of a hole to fill, wherever its stream comes from. */
export function textCalls<Q>(
  answer: (request: Q, options?: CallOptions) => LiveStream<CompletionResponse>,
  { kind, model, onCall }: { kind: "completion" | "fim"; model: string; onCall: OnCall | undefined },
): TextCalls<Q> {
  const streamOf = (request: Q, options?: CallOptions) =>
    observed(answer(request, options), onCall, { kind, model, request });
  return { stream: streamOf, complete: async (request, options) => streamOf(request, options).final() };
}

/** The call for embeddings, which are no stream. */
export function embeddingCalls(
  create: EmbeddingCalls["create"],
  { model, onCall }: { model: string; onCall: OnCall | undefined },
): EmbeddingCalls {
  if (onCall === undefined) return { create };
  return {
    async create(request, options) {
      const observer = observerOf(onCall, { kind: "embeddings", model, request });
      observer.begun();
      try {
        const embeddings = await create(request, options);
        observer.response({ kind: "embeddings", embeddings });
        return embeddings;
      } catch (error) {
        if (WickError.isInstance(error)) observer.response(terminalOf(error, model));
        throw error;
      }
    },
  };
}

function terminalOf({ info }: WickError, model: string): Response {
  const partial = { object: "list" as const, model, data: [] };
  if (info.code === "cancelled") return { kind: "cancelled", reason: "signal", partial };
  return isRefusal(info) ? { kind: "validation_error", error: info } : { kind: "internal_error", error: info, partial };
}
