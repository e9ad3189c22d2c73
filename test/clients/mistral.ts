import { Mistral } from "@mistralai/mistralai";
import type {
  AssistantMessage,
  ChatCompletionRequest,
  ChatCompletionRequestMessage,
  ToolCall,
  UsageInfo,
} from "@mistralai/mistralai/models/components";
import { MistralError } from "@mistralai/mistralai/models/errors";
import { type Call, type Client, type Connection, type Failure, Gathering, type Outcome } from "./client.ts";
import type { Question, Turn } from "./question.ts";

/** Mistral's own client for a connection. */
export function mistralOf({ url, apiKey, retries }: Connection): Mistral {
  // It counts no attempts, but time.
  const backoff = { initialInterval: 10, maxInterval: 2000, exponent: 1, maxElapsedTime: 10_000 };
  return new Mistral({ serverURL: url, apiKey, ...(retries > 0 && { retryConfig: { strategy: "backoff", backoff } }) });
}

/** `@mistralai/mistralai`. */
export const mistral: Client = {
  name: "@mistralai/mistralai",
  lacks: { "failure in streams": "its chunks have no field for an error, only a reason to finish" },
  connect: (connection) => {
    const client = mistralOf(connection);
    return {
      async complete(question, { signal } = {}) {
        const gathering = new Gathering();
        try {
          const { choices, usage } = await client.chat.complete(requestOf(question), signal && { signal });
          gathering.usage = usageOf(usage);
          gathering.finishReason = choices[0]?.finishReason;
          take(gathering, choices[0]?.message?.content, choices[0]?.message?.toolCalls);
        } catch (error) {
          gathering.failure = mistralFailure(error);
        }
        return gathering;
      },
      async stream(question, end = {}) {
        const gathering = new Gathering(end);
        try {
          const { signal } = end;
          for await (const { data } of await client.chat.stream(requestOf(question), signal && { signal })) {
            gathering.usage = usageOf(data.usage) ?? gathering.usage;
            const [choice] = data.choices;
            gathering.finishReason = choice?.finishReason ?? gathering.finishReason;
            take(gathering, choice?.delta.content, choice?.delta.toolCalls);
            if (gathering.isEnough) break;
          }
        } catch (error) {
          gathering.failure = mistralFailure(error);
        }
        return gathering;
      },
      async embed(model, inputs) {
        const { data } = await client.embeddings.create({ model, inputs: [...inputs] });
        return data.map(({ embedding }) => embedding ?? []);
      },
      async models() {
        const { data = [] } = await client.models.list();
        return data.map((card) => ("id" in card ? card.id : "unknown"));
      },
    };
  },
};

/** A question in its words. */
function requestOf(question: Question): ChatCompletionRequest {
  const { model, messages, maxTokens, temperature, seed, stop, tools, toolChoice, schema, effort } = question;
  return {
    model,
    messages: messages.map((turn) => messageOf(turn)),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(seed !== undefined && { randomSeed: seed }),
    ...(stop !== undefined && { stop: [...stop] }),
    ...(tools !== undefined && {
      tools: tools.map(({ parameters, ...tool }) => ({
        type: "function" as const,
        function: { ...tool, parameters: { ...parameters } },
      })),
    }),
    // `any` is its word for `required`.
    ...(toolChoice !== undefined && { toolChoice: toolChoice === "required" ? ("any" as const) : toolChoice }),
    ...(schema !== undefined && {
      responseFormat: {
        type: "json_schema" as const,
        jsonSchema: { name: "answer", schemaDefinition: { ...schema }, strict: true },
      },
    }),
    ...(effort !== undefined && { reasoningEffort: effort }),
  };
}

function messageOf(turn: Turn): ChatCompletionRequestMessage {
  switch (turn.role) {
    case "system":
    case "user":
      return { role: turn.role, content: turn.content };
    case "tool":
      return { role: "tool", toolCallId: turn.toolCallId, name: turn.name, content: turn.content };
    case "assistant":
      return {
        role: "assistant",
        content: turn.content,
        ...(turn.toolCalls !== undefined && { toolCalls: turn.toolCalls.map((call) => ({ ...call })) }),
      };
  }
}

/** A message, or a piece of one: calls come whole. */
function take(
  gathering: Gathering,
  content: AssistantMessage["content"],
  calls: readonly ToolCall[] | null | undefined,
): void {
  for (const part of typeof content === "string" ? [{ type: "text" as const, text: content }] : (content ?? [])) {
    switch (part.type) {
      case "text":
        gathering.add(part.text);
        break;
      case "thinking":
        for (const thought of part.thinking) gathering.reasoning += "text" in thought ? thought.text : "";
        break;
      default:
        throw new TypeError(`The client does not know all of ${JSON.stringify(part)}.`);
    }
  }
  gathering.calls.push(...(calls ?? []).map((call) => callOf(call)));
}

function callOf({ id = "", function: called }: ToolCall): Call {
  const { name, arguments: given } = called;
  return { id, name, arguments: typeof given === "string" ? (JSON.parse(given) as unknown) : given };
}

function usageOf(usage: UsageInfo | undefined): Outcome["usage"] {
  if (usage === undefined) return undefined;
  return { promptTokens: usage.promptTokens ?? 0, completionTokens: usage.completionTokens ?? 0 };
}

/** What a program is told by an error of Mistral's client: the code stands in the body alone. */
export function mistralFailure(error: unknown): Failure {
  if (!(error instanceof Error)) throw new TypeError(`${String(error)} is no error.`);
  const failure = { name: error.constructor.name, message: error.message };
  if (!(error instanceof MistralError)) return failure;
  const { code } = JSON.parse(error.body) as { code?: string };
  return { ...failure, status: error.statusCode, code };
}
