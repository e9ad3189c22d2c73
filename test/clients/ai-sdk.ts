import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  type EmbeddingModel,
  type LanguageModel,
  type LanguageModelUsage,
  type ModelMessage,
  Output,
  RetryError,
  type ToolSet,
  embedMany,
  generateText,
  jsonSchema,
  streamText,
  tool,
} from "ai";
import { type Client, type Connection, type Failure, Gathering, type Outcome } from "./client.ts";
import type { Question, Turn } from "./question.ts";

/** Where the models of a connection come from. */
export interface AiSdkModels {
  language(name: string): LanguageModel;
  embedding(name: string): EmbeddingModel;
}

/** `ai` over `@ai-sdk/openai-compatible`. */
export const openaiCompatible: Client = {
  name: "ai with @ai-sdk/openai-compatible",
  lacks: { leaving: "it reads its streams through a tee, of which another branch stays; a signal ends them" },
  connect: (connection) => connectAiSdk(connection, openaiCompatibleModels(connection)),
};

/** The provider's models for a connection. */
export function openaiCompatibleModels({ url, apiKey }: Connection): AiSdkModels {
  const provider = createOpenAICompatible({
    name: "wick",
    baseURL: `${url}/v1`,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  return { language: (name) => provider(name), embedding: (name) => provider.embeddingModel(name) };
}

/** The same calls, whatever the models come from. */
export function connectAiSdk({ retries: maxRetries }: Connection, models: AiSdkModels): ReturnType<Client["connect"]> {
  return {
    async complete(question, { signal: abortSignal } = {}) {
      const gathering = new Gathering();
      try {
        const options = { ...optionsOf(question, models), maxRetries, ...(abortSignal && { abortSignal }) };
        const { text, reasoningText = "", toolCalls, finishReason, usage } = await generateText(options);
        gathering.text = text;
        gathering.reasoning = reasoningText;
        gathering.calls = toolCalls.map((call) => ({
          id: call.toolCallId,
          name: call.toolName,
          arguments: call.input as unknown,
        }));
        gathering.finishReason = reasonOf(finishReason);
        gathering.usage = usageOf(usage);
      } catch (error) {
        gathering.failure = aiSdkFailure(error);
      }
      return gathering;
    },
    async stream(question, end = {}) {
      const gathering = new Gathering(end);
      try {
        await read(question, gathering, end.signal);
      } catch (error) {
        gathering.failure = aiSdkFailure(error);
      }
      return gathering;
    },
    async embed(model, inputs) {
      const { embeddings } = await embedMany({ model: models.embedding(model), values: [...inputs], maxRetries });
      return embeddings;
    },
  };

  async function read(question: Question, gathering: Gathering, abortSignal: AbortSignal | undefined): Promise<void> {
    const { fullStream } = streamText({
      ...optionsOf(question, models),
      maxRetries,
      ...(abortSignal && { abortSignal }),
      // It prints them otherwise.
      onError: () => {},
    });
    for await (const part of fullStream) {
      switch (part.type) {
        case "text-delta":
          gathering.add(part.text);
          break;
        case "reasoning-delta":
          gathering.reasoning += part.text;
          break;
        case "tool-call":
          gathering.calls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input as unknown });
          break;
        case "error":
          gathering.failure = aiSdkFailure(part.error);
          break;
        case "finish":
          gathering.finishReason = reasonOf(part.finishReason);
          gathering.usage = usageOf(part.totalUsage);
          break;
        default:
      }
      if (gathering.isEnough) break;
    }
  }
}

/** A question in the words of `generateText` and `streamText`. */
function optionsOf(question: Question, models: AiSdkModels) {
  const { model, messages, maxTokens, temperature, seed, stop, tools, toolChoice, schema, effort } = question;
  return {
    model: models.language(model),
    messages: messages.map((turn) => messageOf(turn)),
    allowSystemInMessages: true,
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(seed !== undefined && { seed }),
    ...(stop !== undefined && { stopSequences: [...stop] }),
    ...(tools !== undefined && {
      tools: Object.fromEntries(
        tools.map(({ name, description, parameters }) => [
          name,
          tool({ description, inputSchema: jsonSchema<never>(parameters as never) }),
        ]),
      ) as ToolSet,
    }),
    ...(toolChoice !== undefined && { toolChoice }),
    ...(schema !== undefined && { output: Output.object({ schema: jsonSchema<unknown>(schema as never) }) }),
    ...(effort !== undefined && { reasoning: effort }),
  };
}

function messageOf(turn: Turn): ModelMessage {
  switch (turn.role) {
    case "system":
    case "user":
      return { role: turn.role, content: turn.content };
    case "tool": {
      const output = { type: "text" as const, value: turn.content };
      return {
        role: "tool",
        content: [{ type: "tool-result", toolCallId: turn.toolCallId, toolName: turn.name, output }],
      };
    }
    case "assistant":
      return {
        role: "assistant",
        content: [
          ...(turn.content === "" ? [] : [{ type: "text" as const, text: turn.content }]),
          ...(turn.toolCalls ?? []).map(({ id, function: { name, arguments: given } }) => ({
            type: "tool-call" as const,
            toolCallId: id,
            toolName: name,
            input: JSON.parse(given) as unknown,
          })),
        ],
      };
  }
}

/** In OpenAI's words. */
function reasonOf(reason: string): string {
  return reason === "tool-calls" ? "tool_calls" : reason;
}

function usageOf({ inputTokens, outputTokens }: LanguageModelUsage): Outcome["usage"] {
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  return { promptTokens: inputTokens, completionTokens: outputTokens };
}

/** What a program is told by an error of the AI SDK: in a stream it may be a plain object. */
export function aiSdkFailure(error: unknown): Failure {
  if (RetryError.isInstance(error)) return aiSdkFailure(error.lastError);
  const name = error instanceof Error ? error.constructor.name : "object";
  const { message = String(error), code } = error as { message?: string; code?: unknown };
  if (!APICallError.isInstance(error)) return { name, message, ...(typeof code === "string" && { code }) };
  // A provider has read the body already.
  const data = error.data as { code?: string; error?: { code?: string } } | undefined;
  return { name, message, status: error.statusCode, code: data?.error?.code ?? data?.code };
}
