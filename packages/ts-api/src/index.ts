/// <reference lib="esnext.disposable" preserve="true" />
// Everything but `Model`, which each entry makes from its own backend.

export { assertNever } from "./response/assert-never.js";
export type { CallObserver, ModelCall, OnCall } from "./model/call-observer.js";
export type { ConnectOptions } from "./model/connect-options.js";
export type * from "./generated/protocol.js";
export type {
  CacheOptions,
  CachedModel,
  HubModelName,
  HubOptions,
  PullOptions,
  PulledFile,
  PulledModel,
  RemovedFile,
  RemovedModel,
} from "./model/hub-models.js";
export { isTerminal, type TerminalKind } from "./response/is-terminal.js";
export type { LoadOptions, LoadProgress, MemoryEstimate, ModelSource, ToolFormat } from "./model/load-options.js";
export type { LogEntry } from "./model/log-entry.js";
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
} from "./request/message.js";
export type { ModelInfo, ModelStats, StepTrace } from "./model/model-info.js";
export type { ModelLoader } from "./model/model-loader.js";
export type { RemoteConnector } from "./model/remote-connector.js";
export type { NgramSpeculation, Speculation } from "./model/speculation.js";
export type { ChatCalls, EmbeddingCalls, TextCalls } from "./model/model.js";
export { readResponses } from "./stream/read-responses.js";
export type {
  AgentRequest,
  CallOptions,
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  FimRequest,
  ResponseFormat,
  SamplingRequest,
} from "./request/request.js";
export type {
  AgentStream,
  ChatStream,
  CompletionOf,
  DeepPartial,
  ObjectStream,
  Parsed,
  ResponseStream,
  WithProgress,
} from "./stream/response-stream.js";
export type {
  AgentResponse,
  ChatResponse,
  CompletionResponse,
  EmbeddingResponse,
  Kind,
  ResponseOf,
  WickResponse,
} from "./response/response.js";
export type { InferSchema, JsonSchema, Schema, StandardSchema } from "./request/schema.js";
export {
  type ExecutableTool,
  type FunctionTool,
  type HostedTool,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  tool,
} from "./request/tool.js";
export { WickError } from "./error/wick-error.js";
