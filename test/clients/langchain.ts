import {
  AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type UsageMetadata,
} from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { type Client, type ConnectedClient, type Connection, Gathering, type Outcome } from "./client.ts";
import { openaiFailure } from "./openai.ts";
import type { Question, Turn } from "./question.ts";

/** LangChain's `ChatOpenAI` and `OpenAIEmbeddings`. */
export const langchain: Client = {
  name: "@langchain/openai",
  lacks: {},
  connect: (connection) => connected(connection, false),
};

/** The same over OpenAI's newer API. */
export const langchainResponses: Client = {
  name: "@langchain/openai, useResponsesApi",
  lacks: {
    seed: "OpenAI's responses have none",
    stop: "OpenAI's responses have none",
    "tool choice": "it sends the names of tools alone",
    reasoning: "it reads summaries of thoughts, not the thoughts",
  },
  connect: (connection) => connected(connection, true),
};

function connected(connection: Connection, useResponsesApi: boolean): ConnectedClient {
  return {
    async complete(question, { signal } = {}) {
      const gathering = new Gathering();
      try {
        const { model, messages } = prepared(question, connection, useResponsesApi);
        take(gathering, await model.invoke(messages, signal && { signal }));
      } catch (error) {
        gathering.failure = openaiFailure(error);
      }
      return gathering;
    },
    async stream(question, end = {}) {
      const gathering = new Gathering(end);
      try {
        const { model, messages } = prepared(question, connection, useResponsesApi);
        const { signal } = end;
        let whole: AIMessageChunk | undefined;
        for await (const chunk of await model.stream(messages, signal && { signal })) {
          gathering.add(chunk.text);
          whole = whole === undefined ? chunk : whole.concat(chunk);
          if (gathering.isEnough) break;
        }
        if (whole !== undefined) take(gathering, whole);
      } catch (error) {
        gathering.failure = openaiFailure(error);
      }
      return gathering;
    },
    embed: (model, inputs) => {
      const { url, apiKey, retries } = connection;
      const configuration = { baseURL: `${url}/v1` };
      return new OpenAIEmbeddings({ model, apiKey, maxRetries: retries, configuration }).embedDocuments([...inputs]);
    },
  };
}

/** The model with all that a question says but its messages, and those. */
function prepared(question: Question, connection: Connection, useResponsesApi: boolean) {
  const { maxTokens, temperature, effort } = question;
  const model = chatOpenaiOf(connection, {
    model: question.model,
    useResponsesApi,
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    // Its own option is for names of models that it knows.
    ...(effort !== undefined && { modelKwargs: { reasoning_effort: effort } }),
  });
  const { seed, stop, tools, toolChoice, schema, messages } = question;
  const bound = model.withConfig({
    ...(seed !== undefined && { seed }),
    ...(stop !== undefined && { stop: [...stop] }),
    ...(tools !== undefined && { tools: tools.map((tool) => ({ type: "function" as const, function: { ...tool } })) }),
    ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(schema !== undefined && {
      response_format: {
        type: "json_schema" as const,
        json_schema: { name: "answer", schema: { ...schema }, strict: true },
      },
    }),
  });
  return { model: bound, messages: messages.map((turn) => messageOf(turn)) };
}

/** Its chat model for a connection. */
export function chatOpenaiOf(
  { url, apiKey, retries }: Connection,
  fields: ConstructorParameters<typeof ChatOpenAI>[0] & object,
): ChatOpenAI {
  return new ChatOpenAI({ apiKey, maxRetries: retries, configuration: { baseURL: `${url}/v1` }, ...fields });
}

function messageOf(turn: Turn): BaseMessage {
  switch (turn.role) {
    case "system":
      return new SystemMessage(turn.content);
    case "user":
      return new HumanMessage(turn.content);
    case "tool":
      return new ToolMessage({ content: turn.content, tool_call_id: turn.toolCallId, name: turn.name });
    case "assistant":
      return new AIMessage({
        content: turn.content,
        tool_calls: (turn.toolCalls ?? []).map(({ id, function: { name, arguments: given } }) => ({
          id,
          name,
          args: JSON.parse(given) as Record<string, unknown>,
        })),
      });
  }
}

/** What a message has, whole or put together from its chunks. */
function take(gathering: Gathering, message: AIMessage): void {
  const { additional_kwargs: others, response_metadata: metadata } = message;
  gathering.text = message.text;
  gathering.reasoning = String(others["reasoning_content"] ?? "");
  gathering.calls = (message.tool_calls ?? []).map(({ id = "", name, args }) => ({ id, name, arguments: args }));
  gathering.finishReason = (metadata["finish_reason"] ?? reasonOf(metadata["status"], gathering)) as string | undefined;
  gathering.usage = usageOf(message.usage_metadata);
}

/** Responses have a status instead. */
function reasonOf(status: unknown, { calls }: Gathering): string | undefined {
  if (status === "completed") return calls.length > 0 ? "tool_calls" : "stop";
  return status === "incomplete" ? "length" : undefined;
}

function usageOf(usage: UsageMetadata | undefined): Outcome["usage"] {
  return usage && { promptTokens: usage.input_tokens, completionTokens: usage.output_tokens };
}
