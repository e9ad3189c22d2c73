/// <reference lib="esnext.disposable" preserve="true" />
// Everything but `Model`, which each entry makes from its own backend.

export { assertNever } from "./assert-never.js";
export type { ConnectOptions } from "./connect-options.js";
export type * from "./generated/protocol.js";
export { isTerminal, type TerminalKind } from "./is-terminal.js";
export type { LoadOptions, LoadProgress, MemoryEstimate, ModelSource } from "./load-options.js";
export type {
  AssistantMessage,
  AudioPart,
  DocumentPart,
  ImagePart,
  Message,
  SystemMessage,
  TextPart,
  ThinkingPart,
  ToolMessage,
  UserMessage,
} from "./message.js";
export type { ModelInfo, ModelStats } from "./model-info.js";
export type { CachedModel, ModelLoader } from "./model-loader.js";
export type { ChatCalls, EmbeddingCalls, TextCalls } from "./model.js";
export { readResponses } from "./read-responses.js";
export type {
  AgentRequest,
  CallOptions,
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  FimRequest,
  ResponseFormat,
  SamplingRequest,
} from "./request.js";
export type {
  AgentStream,
  ChatStream,
  CompletionOf,
  DeepPartial,
  ObjectStream,
  Parsed,
  ResponseStream,
  WithProgress,
} from "./response-stream.js";
export type {
  AgentResponse,
  ChatResponse,
  CompletionResponse,
  EmbeddingResponse,
  Kind,
  ResponseOf,
  WickResponse,
} from "./response.js";
export type { InferSchema, JsonSchema, Schema, StandardSchema } from "./schema.js";
export {
  type ExecutableTool,
  type FunctionTool,
  type HostedTool,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  tool,
} from "./tool.js";
export { WickError } from "./wick-error.js";
