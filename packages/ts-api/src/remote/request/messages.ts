import type { JsonObject, JsonValue } from "../../generated/protocol.js";
import { invalidRequest } from "../../error/refusal.js";
import { isObject } from "./fields.js";

/** What one host makes of the parts of messages that hosts write differently. All give the wire's fields, or refuse. */
export interface MessageForm {
  image(url: string, detail: JsonValue | undefined, where: string): JsonObject;
  audio(audio: string, where: string): JsonObject;
  document(url: string, name: JsonValue | undefined, where: string): JsonObject;
  /** What an assistant said with what it thought before. */
  thoughts(thoughts: Thoughts, where: string): JsonObject;
  /** The answer goes on from this message. */
  prefix(where: string): JsonObject;
  /** Ids of tool calls, where the host takes only some. */
  toolCallId(id: string): string;
}

/** What an assistant said, and thought. */
interface Thoughts {
  /** Text, or parts of text. */
  content: JsonValue | undefined;
  reasoning: string;
  signature: string | undefined;
}

const fieldsOfRole: Readonly<Record<string, readonly string[]>> = {
  system: ["role", "content"],
  user: ["role", "content"],
  assistant: ["role", "content", "reasoningContent", "reasoningSignature", "toolCalls", "prefix"],
  tool: ["role", "content", "toolCallId", "name"],
};

/**
 * The messages of a chat as a host has them.
 *
 * @throws {@link WickError} with the path of what is wrong.
 */
export function wireMessages(messages: JsonValue, form: MessageForm): JsonObject {
  if (!Array.isArray(messages)) throw invalidRequest("messages", "messages must be a list.");
  return { messages: messages.map((message, index) => wireMessage(message, `messages[${index}]`, form)) };
}

function wireMessage(message: JsonValue, where: string, form: MessageForm): JsonObject {
  if (!isObject(message)) throw invalidRequest(where, `${where} must be an object.`);
  const { role } = message;
  const fields = typeof role === "string" && Object.hasOwn(fieldsOfRole, role) ? fieldsOfRole[role] : undefined;
  if (fields === undefined) {
    throw invalidRequest(`${where}.role`, `${where}.role must be one of ${Object.keys(fieldsOfRole).join(", ")}.`);
  }
  const unknown = Object.keys(message).find((name) => !fields.includes(name));
  if (unknown !== undefined) {
    throw invalidRequest(
      `${where}.${unknown}`,
      `${where}.${unknown} is no field of a message of role ${String(role)}.`,
    );
  }
  switch (role) {
    case "assistant":
      return { role, ...assistant(message, where, form) };
    case "tool":
      return { role, ...toolAnswer(message, where, form) };
    default:
      return { role: String(role), content: contentOf(message["content"], `${where}.content`, form) };
  }
}

function assistant(message: JsonObject, where: string, form: MessageForm): JsonObject {
  const { content, toolCalls, prefix } = message;
  const said = saidOf(content, `${where}.content`);
  const reasoning = `${said.reasoning}${stringAt(message, "reasoningContent", where) ?? ""}`;
  const signature = stringAt(message, "reasoningSignature", where) ?? said.signature;
  const spoken =
    reasoning === ""
      ? contentField(said.content)
      : form.thoughts({ content: said.content, reasoning, signature }, where);
  return {
    ...spoken,
    ...(toolCalls !== undefined && { tool_calls: toolCallsOf(toolCalls, `${where}.toolCalls`, form) }),
    ...(isOn(prefix, `${where}.prefix`) && form.prefix(`${where}.prefix`)),
  };
}

/** An assistant's content, its thoughts apart. */
function saidOf(content: JsonValue | undefined, where: string): Thoughts {
  if (!Array.isArray(content)) {
    if (content !== undefined && typeof content !== "string") throw notText(where);
    return { content, reasoning: "", signature: undefined };
  }
  const said: Thoughts = { content: undefined, reasoning: "", signature: undefined };
  const texts: JsonObject[] = [];
  content.forEach((part, index) => {
    const at = `${where}[${index}]`;
    if (isObject(part) && part["type"] === "thinking") {
      const { thinking, signature } = part;
      if (!Array.isArray(thinking))
        throw invalidRequest(`${at}.thinking`, `${at}.thinking must be a list of text parts.`);
      said.reasoning += thinking.map((piece, place) => textOf(piece, `${at}.thinking[${place}]`)).join("");
      if (typeof signature === "string") said.signature = signature;
    } else {
      texts.push({ type: "text", text: textOf(part, at) });
    }
  });
  return { ...said, content: texts };
}

function toolCallsOf(calls: JsonValue, where: string, form: MessageForm): JsonObject[] {
  if (!Array.isArray(calls)) throw invalidRequest(where, `${where} must be a list.`);
  return calls.map((call, index) => {
    const at = `${where}[${index}]`;
    const named = isObject(call) ? call["function"] : undefined;
    if (!isObject(call) || typeof call["id"] !== "string" || !isObject(named)) {
      throw invalidRequest(at, `${at} must be { id, type: "function", function: { name, arguments } }.`);
    }
    const { name, arguments: given } = named;
    if (typeof name !== "string" || typeof given !== "string") {
      throw invalidRequest(`${at}.function`, `${at}.function must have a name and arguments, which are strings.`);
    }
    return { id: form.toolCallId(call["id"]), type: "function", function: { name, arguments: given } };
  });
}

function toolAnswer(message: JsonObject, where: string, form: MessageForm): JsonObject {
  const id = stringAt(message, "toolCallId", where);
  if (id === undefined)
    throw invalidRequest(`${where}.toolCallId`, `${where}.toolCallId must say which call this answers.`);
  const name = stringAt(message, "name", where);
  return {
    tool_call_id: form.toolCallId(id),
    content: contentOf(message["content"], `${where}.content`, form),
    ...(name !== undefined && { name }),
  };
}

function contentOf(content: JsonValue | undefined, where: string, form: MessageForm): JsonValue {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw notText(where);
  return content.map((part, index) => partOf(part, `${where}[${index}]`, form));
}

function partOf(part: JsonValue, where: string, form: MessageForm): JsonObject {
  if (!isObject(part)) throw invalidRequest(where, `${where} must be an object with a type.`);
  switch (part["type"]) {
    case "text":
      return { type: "text", text: textOf(part, where) };
    case "image_url": {
      const { imageUrl: image } = part;
      if (isObject(image)) return form.image(stringOf(image["url"], `${where}.imageUrl.url`), image["detail"], where);
      return form.image(stringOf(image, `${where}.imageUrl`), undefined, where);
    }
    case "input_audio":
      return form.audio(stringOf(part["inputAudio"], `${where}.inputAudio`), where);
    case "document_url":
      return form.document(stringOf(part["documentUrl"], `${where}.documentUrl`), part["documentName"], where);
    default:
      throw invalidRequest(`${where}.type`, `${where}.type must be text, image_url, input_audio or document_url.`);
  }
}

/** What a message says, in a host's field. */
export function contentField(content: JsonValue | undefined): JsonObject {
  return content === undefined ? {} : { content };
}

function textOf(part: JsonValue, where: string): string {
  if (isObject(part) && part["type"] === "text" && typeof part["text"] === "string") return part["text"];
  throw invalidRequest(where, `${where} must be { type: "text", text }.`);
}

function stringAt(message: JsonObject, name: string, where: string): string | undefined {
  const value = message[name];
  return value === undefined ? undefined : stringOf(value, `${where}.${name}`);
}

function stringOf(value: JsonValue | undefined, where: string): string {
  if (typeof value !== "string") throw invalidRequest(where, `${where} must be a string.`);
  return value;
}

function isOn(value: JsonValue | undefined, where: string): boolean {
  if (value !== undefined && typeof value !== "boolean") throw invalidRequest(where, `${where} must be true or false.`);
  return value === true;
}

function notText(where: string) {
  return invalidRequest(where, `${where} must be a string or a list of parts.`);
}
