import { chatCompletionSchema } from "./chat/chat-completion.js";
import { chatCompletionRequest } from "./chat/request.js";
import { chatCompletions } from "./chat/route.js";
import { completionRequest, fimCompletionRequest } from "./completions/request.js";
import { completions, fimCompletions } from "./completions/route.js";
import { textCompletionSchema } from "./completions/text-completion.js";
import { embeddingListSchema, embeddingRequest, embeddings } from "./embeddings/route.js";
import { health, healthSchema, metrics } from "./health/route.js";
import { listModels, modelListSchema, modelSchema, retrieveModel } from "./models/route.js";
import { messageSchema, tokenCountSchema } from "./messages/message.js";
import { countTokensRequest, messagesRequest } from "./messages/request.js";
import { countMessageTokens, messages } from "./messages/route.js";
import { inputTokensRequest, responseRequest } from "./responses/request.js";
import { responseSchema } from "./responses/response-object.js";
import {
  cancelResponse,
  countInputTokens,
  createResponse,
  deleteResponse,
  deletedResponseSchema,
  inputItemsSchema,
  inputTokensSchema,
  listInputItems,
  retrieveResponse,
} from "./responses/route.js";
import type { Route } from "./route.js";
import {
  detokenize,
  detokenizeRequest,
  detokenizeSchema,
  tokenize,
  tokenizeRequest,
  tokenizeSchema,
} from "./tokenize/route.js";

const eventStream = "text/event-stream";
const responseParameter = { name: "response", in: "path", description: "Its id." } as const;

/** All addresses of a server, but for its files and its own description. */
export const routes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/chat/completions",
    generates: true,
    operation: {
      summary: "An answer in a chat",
      tag: "Chat",
      request: chatCompletionRequest,
      response: chatCompletionSchema,
      others: [eventStream],
    },
    handle: chatCompletions,
  },
  {
    method: "POST",
    path: "/v1/completions",
    generates: true,
    operation: {
      summary: "A text that goes on from another",
      tag: "Completions",
      request: completionRequest,
      response: textCompletionSchema,
      others: [eventStream],
    },
    handle: completions,
  },
  {
    method: "POST",
    path: "/v1/fim/completions",
    generates: true,
    operation: {
      summary: "What stands between two texts, as Mistral answers",
      tag: "Completions",
      request: fimCompletionRequest,
      response: chatCompletionSchema,
      others: [eventStream],
    },
    handle: fimCompletions,
  },
  {
    method: "POST",
    path: "/v1/embeddings",
    operation: {
      summary: "Vectors of texts",
      tag: "Embeddings",
      request: embeddingRequest,
      response: embeddingListSchema,
    },
    handle: embeddings,
  },
  {
    method: "POST",
    path: "/v1/responses",
    generates: true,
    operation: {
      summary: "A response, which is kept and can be gone on from",
      tag: "Responses",
      request: responseRequest,
      response: responseSchema,
      others: [eventStream],
    },
    handle: createResponse,
  },
  {
    method: "POST",
    path: "/v1/responses/input_tokens",
    operation: {
      summary: "How many tokens a response would read",
      tag: "Responses",
      request: inputTokensRequest,
      response: inputTokensSchema,
    },
    handle: countInputTokens,
  },
  {
    method: "GET",
    path: "/v1/responses/:response",
    operation: {
      summary: "A response as far as it is",
      tag: "Responses",
      parameters: [responseParameter],
      response: responseSchema,
      statuses: [404],
    },
    handle: retrieveResponse,
  },
  {
    method: "DELETE",
    path: "/v1/responses/:response",
    operation: {
      summary: "Keeps a response no longer",
      tag: "Responses",
      parameters: [responseParameter],
      response: deletedResponseSchema,
      statuses: [404],
    },
    handle: deleteResponse,
  },
  {
    method: "POST",
    path: "/v1/responses/:response/cancel",
    operation: {
      summary: "Ends a response that is in progress",
      tag: "Responses",
      parameters: [responseParameter],
      response: responseSchema,
      statuses: [404],
    },
    handle: cancelResponse,
  },
  {
    method: "GET",
    path: "/v1/responses/:response/input_items",
    operation: {
      summary: "What a response answered",
      tag: "Responses",
      parameters: [responseParameter],
      response: inputItemsSchema,
      statuses: [404],
    },
    handle: listInputItems,
  },
  {
    method: "POST",
    path: "/v1/messages",
    generates: true,
    errors: "anthropic",
    operation: {
      summary: "An answer in a chat, as Anthropic has it",
      tag: "Messages",
      request: messagesRequest,
      response: messageSchema,
      others: [eventStream],
    },
    handle: messages,
  },
  {
    method: "POST",
    path: "/v1/messages/count_tokens",
    errors: "anthropic",
    operation: {
      summary: "How many tokens a chat's prompt has, as Anthropic asks",
      tag: "Messages",
      request: countTokensRequest,
      response: tokenCountSchema,
    },
    handle: countMessageTokens,
  },
  {
    method: "POST",
    path: "/v1/tokenize",
    operation: {
      summary: "The tokens of a text, or how many a chat's prompt has",
      tag: "Tokens",
      request: tokenizeRequest,
      response: tokenizeSchema,
    },
    handle: tokenize,
  },
  {
    method: "POST",
    path: "/v1/detokenize",
    operation: {
      summary: "The text of tokens",
      tag: "Tokens",
      request: detokenizeRequest,
      response: detokenizeSchema,
    },
    handle: detokenize,
  },
  {
    method: "GET",
    path: "/v1/models",
    operation: { summary: "The models of this server", tag: "Models", response: modelListSchema },
    handle: listModels,
  },
  {
    method: "GET",
    path: "/v1/models/:model{.+}",
    operation: {
      summary: "One model",
      tag: "Models",
      parameters: [{ name: "model", in: "path", description: "Its name." }],
      response: modelSchema,
      statuses: [404, 503],
    },
    handle: retrieveModel,
  },
  {
    method: "GET",
    path: "/health",
    operation: {
      summary: "Whether the server can take requests",
      tag: "Server",
      response: healthSchema,
      unavailable: healthSchema,
    },
    handle: health,
  },
  {
    method: "GET",
    path: "/metrics",
    operation: {
      summary: "Counts and times, for Prometheus",
      tag: "Server",
      others: ["text/plain"],
      statuses: [404],
    },
    handle: metrics,
  },
];
