import type { JsonObject, JsonValue } from "../generated/protocol.js";
import { invalidRequest } from "../error/refusal.js";
import type { RemoteCall } from "./provider/provider.js";
import { isObject, wireFields } from "./request/fields.js";

/** A request that is ready to be sent. */
export interface RemoteRequest {
  path: string;
  body: string;
  conversation: string;
  /** Its `n`. */
  choices: number;
  /** Whether it has tools that the host runs. */
  asksForTools: boolean;
}

/** Of a prompt so much tells conversations apart. */
const conversationCharacters = 256;

/**
 * Turns a request into a host's own.
 *
 * @param json - Of the program's request.
 * @param required - The field without which it says nothing.
 * @throws {@link WickError} with the path of what is wrong, or what the host has not.
 */
export function remoteRequest<Q>(
  json: string,
  { path, fields, always }: RemoteCall<Q>,
  { model, extraBody, required }: { model: string; extraBody: JsonObject; required: keyof Q & string },
): RemoteRequest {
  const request: JsonValue = JSON.parse(json);
  if (!isObject(request)) throw invalidRequest("request", "The request must be an object.");
  const body = { model, ...always, ...extraBody, ...wireFields(request, fields) };
  if (request[required] === undefined) throw invalidRequest(required, `The request has no ${required}.`);
  const { n, tools } = request;
  return {
    path,
    body: JSON.stringify(body),
    conversation: conversationOf(request),
    choices: typeof n === "number" && n >= 1 ? n : 1,
    asksForTools: Array.isArray(tools) && tools.some((tool) => isObject(tool) && tool["type"] !== "function"),
  };
}

/** What a conversation begins with: its first message of a user and all before, or the beginning of its text. */
function conversationOf({ messages, prompt, inputs }: JsonObject): string {
  if (!Array.isArray(messages)) return JSON.stringify(prompt ?? inputs ?? "").slice(0, conversationCharacters);
  const first = messages.findIndex((message) => isObject(message) && message["role"] === "user");
  return JSON.stringify(messages.slice(0, first + 1));
}
