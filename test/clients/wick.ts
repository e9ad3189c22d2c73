import { Model, WickError } from "wick";
import type { ChatCompletion, ChatResponse, ErrorInfo } from "wick";
import { type Client, type Connection, type Failure, Gathering } from "./client.ts";
import { requestOf } from "./question.ts";

/** Whose dialect our own client speaks to the server. */
export type Dialect = "wick" | "openai" | "mistral";

/** Our own client of hosts, which takes this server for one. */
export function wickRemote(provider: Dialect): Client {
  return {
    name: `wick, Model.connect of ${provider}`,
    lacks: provider === "wick" ? {} : { code: "of another host it tells its own codes" },
    connect: (connection) => ({
      async complete(question, end) {
        const gathering = new Gathering();
        try {
          const model = remoteModel(connection, provider, question.model);
          take(gathering, await model.chat.complete(requestOf(question), end));
        } catch (error) {
          gathering.failure = wickFailure(error);
        }
        return gathering;
      },
      async stream(question, end = {}) {
        const gathering = new Gathering(end);
        const model = remoteModel(connection, provider, question.model);
        for await (const response of model.chat.stream(requestOf(question), { signal: end.signal })) {
          takeResponse(gathering, response);
          if (gathering.isEnough) break;
        }
        return gathering;
      },
      async embed(model, inputs) {
        const { data } = await remoteModel(connection, provider, model).embeddings.create({ inputs });
        return data.map(({ embedding }) => [...embedding]);
      },
    }),
  };
}

/** A model of the server by its name. */
export function remoteModel({ url, apiKey, retries }: Connection, provider: Dialect, model: string): Model {
  return Model.connect({ provider, model, apiKey, baseURL: url, maxRetries: retries });
}

function takeResponse(gathering: Gathering, response: ChatResponse): void {
  switch (response.kind) {
    case "chunk":
      gathering.reasoning += response.choices[0].delta.reasoningContent ?? "";
      gathering.add(response.choices[0].delta.content ?? "");
      break;
    case "done":
      // What it put together takes the place of the pieces.
      gathering.reasoning = "";
      take(gathering, response.completion);
      break;
    case "validation_error":
    case "model_error":
    case "internal_error":
      gathering.failure = failureOf(response.error);
      break;
    case "cancelled":
      gathering.failure = { name: response.kind, message: `Cancelled by ${response.reason}.` };
      break;
  }
}

function take(gathering: Gathering, { choices: [{ message, finishReason }], usage }: ChatCompletion): void {
  gathering.text = message.content;
  gathering.reasoning = message.reasoningContent ?? "";
  gathering.finishReason = finishReason;
  gathering.calls = (message.toolCalls ?? []).map(({ id, function: { name, arguments: given } }) => ({
    id,
    name,
    arguments: JSON.parse(given) as unknown,
  }));
  if (usage) gathering.usage = { promptTokens: usage.promptTokens, completionTokens: usage.completionTokens };
}

function wickFailure(error: unknown): Failure {
  if (!WickError.isInstance(error)) throw error;
  return failureOf(error.info);
}

function failureOf({ code, message, status, upstream }: ErrorInfo): Failure {
  return { name: "WickError", message: [message, upstream?.message ?? ""].join(" "), code, status };
}
