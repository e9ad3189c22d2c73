import OpenAI, { APIError } from "openai";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import { type Client, type Connection, type Failure, Gathering, type Outcome, type StreamEnd } from "./client.ts";
import { openaiBody } from "./openai-body.ts";
import type { Question } from "./question.ts";

/** OpenAI's own client for a connection. */
export function openaiOf({ url, apiKey, retries }: Connection): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: retries });
}

/** `openai`, whose streams are read chunk by chunk. */
export const openaiChunks: Client = {
  name: "openai, create",
  lacks: {},
  connect: (connection) => connected(openaiOf(connection), readChunks),
};

/** `openai`, whose streams are put together by its helper. */
export const openaiHelper: Client = {
  name: "openai, stream helper",
  modes: ["streamed"],
  lacks: { reasoning: "it keeps the last delta of a field that it does not know" },
  connect: (connection) => connected(openaiOf(connection), readWithHelper),
};

type Reader = (client: OpenAI, question: Question, gathering: Gathering, end: StreamEnd) => Promise<void>;

function connected(client: OpenAI, read: Reader): ReturnType<Client["connect"]> {
  return {
    async complete(question, { signal } = {}) {
      const gathering = new Gathering();
      try {
        take(gathering, await client.chat.completions.create(openaiBody(question), signal && { signal }));
      } catch (error) {
        gathering.failure = openaiFailure(error);
      }
      return gathering;
    },
    async stream(question, end = {}) {
      const gathering = new Gathering(end);
      try {
        await read(client, question, gathering, end);
      } catch (error) {
        gathering.failure = openaiFailure(error);
      }
      return gathering;
    },
    async embed(model, inputs) {
      const { data } = await client.embeddings.create({ model, input: [...inputs], encoding_format: "float" });
      return data.map(({ embedding }) => embedding);
    },
    async models() {
      const names: string[] = [];
      for await (const { id } of client.models.list()) names.push(id);
      return names;
    },
  };
}

const readChunks: Reader = async (client, question, gathering, { signal }) => {
  const body = { ...openaiBody(question), stream: true, stream_options: { include_usage: true } } as const;
  const stream = await client.chat.completions.create(body, signal && { signal });
  const calls: { id: string; name: string; arguments: string }[] = [];
  for await (const { choices, usage } of stream) {
    gathering.usage = usageOf(usage) ?? gathering.usage;
    const [choice] = choices;
    if (choice === undefined) continue;
    gathering.finishReason = choice.finish_reason ?? gathering.finishReason;
    gathering.reasoning += reasoningOf(choice.delta);
    for (const { index, id, function: piece } of choice.delta.tool_calls ?? []) {
      const call = (calls[index] ??= { id: "", name: "", arguments: "" });
      call.id = id ?? call.id;
      call.name += piece?.name ?? "";
      call.arguments += piece?.arguments ?? "";
    }
    gathering.add(choice.delta.content ?? "");
    if (gathering.isEnough) break;
  }
  gathering.calls = calls.map((call) => ({ ...call, arguments: JSON.parse(call.arguments) as unknown }));
};

const readWithHelper: Reader = async (client, question, gathering, { signal }) => {
  const body = { ...openaiBody(question), stream_options: { include_usage: true } };
  const stream = client.chat.completions.stream(body, signal && { signal });
  for await (const chunk of stream) {
    gathering.add(chunk.choices[0]?.delta.content ?? "");
    if (gathering.isEnough) return;
  }
  const whole = new Gathering();
  take(whole, await stream.finalChatCompletion());
  // What it put together takes the place of the pieces.
  Object.assign(gathering, { ...whole, pieces: gathering.pieces });
};

function take(gathering: Gathering, { choices, usage }: ChatCompletion): void {
  const [choice] = choices;
  gathering.usage = usageOf(usage);
  gathering.text = choice?.message.content ?? "";
  gathering.finishReason = choice?.finish_reason;
  gathering.reasoning = reasoningOf(choice?.message ?? {});
  gathering.calls = (choice?.message.tool_calls ?? []).flatMap((call) =>
    call.type === "function"
      ? [{ id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown }]
      : [],
  );
}

/** A field that many hosts have and OpenAI's types do not. */
function reasoningOf(said: object): string {
  return "reasoning_content" in said ? String(said.reasoning_content) : "";
}

function usageOf(usage: ChatCompletion["usage"] | ChatCompletionChunk["usage"]): Outcome["usage"] {
  if (usage === undefined || usage === null) return undefined;
  return { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
}

/** What a program is told by an error of OpenAI's client. */
export function openaiFailure(error: unknown): Failure {
  if (!(error instanceof Error)) throw new TypeError(`${String(error)} is no error.`);
  if (!(error instanceof APIError)) return { name: error.constructor.name, message: error.message };
  return {
    name: error.constructor.name,
    message: error.message,
    ...(error.status !== undefined && { status: error.status as number }),
    ...(typeof error.code === "string" && { code: error.code }),
  };
}
