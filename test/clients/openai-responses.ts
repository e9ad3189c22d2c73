import type OpenAI from "openai";
import type {
  Response,
  ResponseCreateParamsBase,
  ResponseInputItem,
  ResponseStreamEvent,
} from "openai/resources/responses/responses";
import { type Client, type ConnectedClient, Gathering, type StreamEnd } from "./client.ts";
import { openaiFailure, openaiOf } from "./openai.ts";
import type { Question, Turn } from "./question.ts";

const lacks = {
  seed: "OpenAI's responses have none",
  stop: "OpenAI's responses have none",
} as const;

/** `openai` with its newer API, whose streams are read event by event. */
export const openaiResponses: Client = {
  name: "openai, responses.create",
  lacks,
  connect: (connection) => connected(openaiOf(connection), readEvents),
};

/** `openai` with its newer API, whose streams are put together by its helper. */
export const openaiResponsesHelper: Client = {
  name: "openai, responses.stream",
  modes: ["streamed"],
  lacks,
  connect: (connection) => connected(openaiOf(connection), readWithHelper),
};

type Reader = (client: OpenAI, question: Question, gathering: Gathering, end: StreamEnd) => Promise<void>;

function connected(client: OpenAI, read: Reader): ConnectedClient {
  return {
    async complete(question, { signal } = {}) {
      const gathering = new Gathering();
      try {
        take(
          gathering,
          await client.responses.create({ ...responseBody(question), stream: false }, signal && { signal }),
        );
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
  };
}

const readEvents: Reader = async (client, question, gathering, { signal }) => {
  const stream = await client.responses.create({ ...responseBody(question), stream: true }, signal && { signal });
  for await (const event of stream) {
    if (event.type === "response.reasoning_text.delta") gathering.reasoning += event.delta;
    if (event.type === "response.output_item.done" && event.item.type === "function_call") {
      const { call_id: id, name, arguments: given } = event.item;
      gathering.calls.push({ id, name, arguments: JSON.parse(given) as unknown });
    }
    takeEvent(gathering, event);
    if (gathering.isEnough) break;
  }
};

const readWithHelper: Reader = async (client, question, gathering, { signal }) => {
  const stream = client.responses.stream(responseBody(question) as never, signal && { signal });
  for await (const event of stream) {
    takeEvent(gathering, event as ResponseStreamEvent);
    if (gathering.isEnough) return;
  }
  const whole = new Gathering();
  take(whole, await stream.finalResponse());
  // What it put together takes the place of the pieces.
  Object.assign(gathering, { ...whole, pieces: gathering.pieces, failure: gathering.failure });
};

/** Text, and how it ends: a failure is an event, which the client does not throw. */
function takeEvent(gathering: Gathering, event: ResponseStreamEvent): void {
  switch (event.type) {
    case "response.output_text.delta":
      gathering.add(event.delta);
      break;
    case "response.completed":
    case "response.incomplete":
    case "response.failed":
      takeEnd(gathering, event.response);
      break;
    default:
  }
}

function take(gathering: Gathering, response: Response): void {
  for (const item of response.output) {
    if (item.type === "reasoning") gathering.reasoning += (item.content ?? []).map(({ text }) => text).join("");
    if (item.type === "function_call") {
      gathering.calls.push({ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) as unknown });
    }
  }
  gathering.text = response.output_text;
  takeEnd(gathering, response);
}

function takeEnd(gathering: Gathering, { status, usage, output, error }: Response): void {
  const hasCalls = output.some(({ type }) => type === "function_call");
  if (status === "completed") gathering.finishReason = hasCalls ? "tool_calls" : "stop";
  else if (status === "incomplete") gathering.finishReason = "length";
  if (error) gathering.failure = { name: "response.failed", message: error.message, code: error.code };
  if (usage) gathering.usage = { promptTokens: usage.input_tokens, completionTokens: usage.output_tokens };
}

/** A question as the body of OpenAI's responses, as their clients in any language take it. */
export function responseBody(question: Question): ResponseCreateParamsBase {
  const { model, messages, maxTokens, temperature, tools, toolChoice, schema, effort } = question;
  return {
    model,
    input: messages.flatMap((turn) => itemsOf(turn)),
    store: false,
    ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(tools !== undefined && {
      tools: tools.map(({ parameters, ...tool }) => ({
        type: "function" as const,
        ...tool,
        parameters: { ...parameters },
        strict: null,
      })),
    }),
    ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(schema !== undefined && {
      text: { format: { type: "json_schema" as const, name: "answer", schema: { ...schema }, strict: true } },
    }),
    ...(effort !== undefined && { reasoning: { effort } }),
  };
}

function itemsOf(turn: Turn): ResponseInputItem[] {
  switch (turn.role) {
    case "system":
    case "user":
      return [{ role: turn.role, content: turn.content }];
    case "tool":
      return [{ type: "function_call_output", call_id: turn.toolCallId, output: turn.content }];
    case "assistant":
      return [
        ...(turn.content === "" ? [] : [{ role: "assistant" as const, content: turn.content }]),
        ...(turn.toolCalls ?? []).map(({ id, function: { name, arguments: given } }) => ({
          type: "function_call" as const,
          call_id: id,
          name,
          arguments: given,
        })),
      ];
  }
}
