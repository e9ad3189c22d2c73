import Anthropic, { APIError } from "@anthropic-ai/sdk";
import type {
  ContentBlockParam,
  Message,
  MessageCreateParamsBase,
  MessageParam,
  Usage,
} from "@anthropic-ai/sdk/resources/messages";
import {
  type Client,
  type Connection,
  type ConnectedClient,
  type Failure,
  Gathering,
  type Outcome,
  type StreamEnd,
} from "./client.ts";
import type { Question, Turn } from "./question.ts";

/** Anthropic's own client for a connection. */
export function anthropicOf({ url, apiKey, retries }: Connection): Anthropic {
  return new Anthropic({ baseURL: url, apiKey, maxRetries: retries });
}

const lacks = {
  seed: "Anthropic's API has none",
  code: "Anthropic's errors have kinds, of which several of ours are one",
} as const;

/** `@anthropic-ai/sdk`, whose streams are read event by event. */
export const anthropicEvents: Client = {
  name: "@anthropic-ai/sdk, create",
  lacks,
  connect: (connection) => connected(anthropicOf(connection), readEvents),
};

/** `@anthropic-ai/sdk`, whose streams are put together by its helper. */
export const anthropicHelper: Client = {
  name: "@anthropic-ai/sdk, stream helper",
  modes: ["streamed"],
  lacks,
  connect: (connection) => connected(anthropicOf(connection), readWithHelper),
};

type Reader = (client: Anthropic, question: Question, gathering: Gathering, end: StreamEnd) => Promise<void>;

function connected(client: Anthropic, read: Reader): ConnectedClient {
  return {
    async complete(question, { signal } = {}) {
      const gathering = new Gathering();
      try {
        take(gathering, await client.messages.create({ ...bodyOf(question), stream: false }, signal && { signal }));
      } catch (error) {
        gathering.failure = anthropicFailure(error);
      }
      return gathering;
    },
    async stream(question, end = {}) {
      const gathering = new Gathering(end);
      try {
        await read(client, question, gathering, end);
      } catch (error) {
        gathering.failure = anthropicFailure(error);
      }
      return gathering;
    },
  };
}

const readEvents: Reader = async (client, question, gathering, { signal }) => {
  const stream = await client.messages.create({ ...bodyOf(question), stream: true }, signal && { signal });
  const calls: { id: string; name: string; json: string }[] = [];
  for await (const event of stream) {
    switch (event.type) {
      case "content_block_start":
        if (event.content_block.type === "tool_use") calls.push({ ...event.content_block, json: "" });
        break;
      case "content_block_delta": {
        const { delta } = event;
        const call = calls.at(-1);
        if (delta.type === "text_delta") gathering.add(delta.text);
        else if (delta.type === "thinking_delta") gathering.reasoning += delta.thinking;
        else if (delta.type === "input_json_delta" && call !== undefined) call.json += delta.partial_json;
        break;
      }
      case "message_delta":
        gathering.finishReason = reasonOf(event.delta.stop_reason);
        gathering.usage = usageOf(event.usage);
        break;
      default:
    }
    if (gathering.isEnough) break;
  }
  gathering.calls = calls.map(({ id, name, json }) => ({ id, name, arguments: JSON.parse(json) as unknown }));
};

const readWithHelper: Reader = async (client, question, gathering, { signal }) => {
  const stream = client.messages.stream(bodyOf(question), signal && { signal });
  for await (const event of stream) {
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") gathering.add(event.delta.text);
    if (gathering.isEnough) return;
  }
  const whole = new Gathering();
  take(whole, await stream.finalMessage());
  // What it put together takes the place of the pieces.
  Object.assign(gathering, { ...whole, pieces: gathering.pieces });
};

function bodyOf(question: Question): MessageCreateParamsBase {
  const { model, messages, maxTokens = 80, temperature, stop, tools, toolChoice, schema, effort } = question;
  const system = messages.flatMap((turn) => (turn.role === "system" ? [turn.content] : [])).join("\n");
  const format = schema && { type: "json_schema" as const, schema: { ...schema } };
  return {
    model,
    max_tokens: maxTokens,
    messages: messagesOf(messages),
    ...(system !== "" && { system }),
    ...(temperature !== undefined && { temperature }),
    ...(stop !== undefined && { stop_sequences: [...stop] }),
    ...(tools !== undefined && {
      tools: tools.map(({ name, description, parameters }) => ({
        name,
        description,
        input_schema: { ...parameters, type: "object" as const },
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice: { type: toolChoice === "required" ? ("any" as const) : toolChoice },
    }),
    ...((format ?? effort) !== undefined && {
      output_config: { ...(format && { format }), ...(effort && { effort }) },
    }),
    ...(effort !== undefined && { thinking: { type: "adaptive" as const } }),
  };
}

/** Roles take turns: what several tools answered is one message of the user's. */
function messagesOf(turns: readonly Turn[]): MessageParam[] {
  const messages: { role: "user" | "assistant"; content: ContentBlockParam[] }[] = [];
  for (const turn of turns) {
    if (turn.role === "system") continue;
    const role = turn.role === "assistant" ? "assistant" : "user";
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocksOf(turn));
    else messages.push({ role, content: blocksOf(turn) });
  }
  return messages;
}

function blocksOf(turn: Exclude<Turn, { role: "system" }>): ContentBlockParam[] {
  if (turn.role === "tool") return [{ type: "tool_result", tool_use_id: turn.toolCallId, content: turn.content }];
  const text = turn.content === "" ? [] : [{ type: "text" as const, text: turn.content }];
  if (turn.role !== "assistant") return text;
  const calls = (turn.toolCalls ?? []).map(({ id, function: { name, arguments: given } }) => ({
    type: "tool_use" as const,
    id,
    name,
    input: JSON.parse(given) as unknown,
  }));
  return [...text, ...calls];
}

function take(gathering: Gathering, { content, stop_reason: reason, usage }: Message): void {
  gathering.finishReason = reasonOf(reason);
  gathering.usage = usageOf(usage);
  for (const block of content) {
    if (block.type === "text") gathering.text += block.text;
    else if (block.type === "thinking") gathering.reasoning += block.thinking;
    else if (block.type === "tool_use")
      gathering.calls.push({ id: block.id, name: block.name, arguments: block.input });
  }
}

/** In OpenAI's words. */
function reasonOf(reason: Message["stop_reason"]): string | undefined {
  switch (reason) {
    case "end_turn":
    case "stop_sequence":
      return "stop";
    case "max_tokens":
      return "length";
    case "tool_use":
      return "tool_calls";
    default:
      return reason ?? undefined;
  }
}

/** Tokens of a prompt that were still there are counted apart. */
function usageOf(
  usage: Pick<Usage, "output_tokens"> & { [K in "input_tokens" | "cache_read_input_tokens"]: number | null },
): Outcome["usage"] {
  const promptTokens = (usage.input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
  return { promptTokens, completionTokens: usage.output_tokens };
}

/** What a program is told by an error of Anthropic's client. */
export function anthropicFailure(error: unknown): Failure {
  if (!(error instanceof Error)) throw new TypeError(`${String(error)} is no error.`);
  const failure = { name: error.constructor.name, message: error.message };
  if (!(error instanceof APIError)) return failure;
  return { ...failure, status: error.status as number | undefined, code: error.type ?? undefined };
}
