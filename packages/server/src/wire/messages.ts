import type { Message, ToolCall } from "wick";
import { z } from "zod";
import { invalid, unsupported } from "../error/failure.js";
import { optional, set } from "./optional.js";

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });
const imagePart = z.object({
  type: z.literal("image_url"),
  image_url: z.union([z.string(), z.object({ url: z.string(), detail: optional(z.enum(["auto", "low", "high"])) })]),
});
const audioPart = z.object({
  type: z.literal("input_audio"),
  input_audio: z.union([z.string(), z.object({ data: z.string(), format: z.string() })]),
});
const documentPart = z.object({
  type: z.literal("document_url"),
  document_url: z.string(),
  document_name: optional(z.string()),
});
const thinkingPart = z.object({
  type: z.literal("thinking"),
  thinking: z.union([z.string(), z.array(textPart)]),
  signature: optional(z.string()),
  closed: optional(z.boolean()),
});
/** Files and references are of stores that this server does not have. */
const otherPart = z.object({ type: z.enum(["file", "reference", "tool_reference", "input_file"]) });

const textContent = z.union([z.string(), z.array(textPart)]);

const toolCall = z.object({
  id: z.string().min(1),
  type: optional(z.literal("function")),
  index: optional(z.int()),
  function: z.object({
    name: z.string(),
    arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
  }),
});

const systemMessage = z.object({
  role: z.enum(["system", "developer"]),
  content: z.union([z.string(), z.array(z.discriminatedUnion("type", [textPart, thinkingPart]))]),
  name: optional(z.string()),
});
const userMessage = z.object({
  role: z.literal("user"),
  content: z.union([
    z.string(),
    z.array(z.discriminatedUnion("type", [textPart, imagePart, audioPart, documentPart, otherPart])),
  ]),
  name: optional(z.string()),
});
const assistantMessage = z.object({
  role: z.literal("assistant"),
  content: optional(
    z.union([z.string(), z.array(z.discriminatedUnion("type", [textPart, refusalPart, thinkingPart, otherPart]))]),
  ),
  reasoning_content: optional(z.string()),
  reasoning: optional(z.string()).describe("Another name of `reasoning_content`."),
  reasoning_signature: optional(z.string()),
  refusal: optional(z.string()),
  tool_calls: optional(z.array(toolCall)),
  prefix: optional(z.boolean()).describe("The answer goes on from this message. The last one only."),
  name: optional(z.string()),
  audio: optional(z.unknown()),
  function_call: optional(z.unknown()),
});
const toolMessage = z.object({
  role: z.literal("tool"),
  tool_call_id: z.string(),
  content: textContent,
  name: optional(z.string()),
});

/** A conversation as OpenAI and Mistral have it. */
export const messagesField = z
  .array(z.discriminatedUnion("role", [systemMessage, userMessage, assistantMessage, toolMessage]))
  .min(1)
  .max(4096);

type WireMessage = z.infer<typeof messagesField>[number];

/**
 * The same in Wick's words.
 *
 * @throws {Failure} for parts that no model here could see.
 */
export function messagesOf(messages: readonly WireMessage[]): Message[] {
  return messages.map((message, index) => messageOf(message, `messages[${index}]`));
}

function messageOf(message: WireMessage, where: string): Message {
  switch (message.role) {
    case "system":
    case "developer":
      return { role: "system", content: textOf(message.content) };
    case "user":
      return { role: "user", content: userContent(message.content, `${where}.content`) };
    case "assistant":
      return assistantOf(message, where);
    case "tool":
      return {
        role: "tool",
        toolCallId: message.tool_call_id,
        content: textOf(message.content),
        ...set({ name: message.name }),
      };
  }
}

/** Thoughts of a system message are no instruction. */
function textOf(content: string | readonly { type: string; text?: string }[]) {
  if (typeof content === "string") return content;
  return content.flatMap(({ type, text }) =>
    type === "text" && text !== undefined ? [{ type: "text" as const, text }] : [],
  );
}

type UserContent = Extract<Message, { role: "user" }>["content"];

function userContent(content: z.infer<typeof userMessage>["content"], where: string): UserContent {
  if (typeof content === "string") return content;
  return content.map((part, index) => {
    switch (part.type) {
      case "text":
        return { type: "text", text: part.text };
      case "image_url": {
        const { image_url: image } = part;
        if (typeof image === "string") return { type: "image_url", imageUrl: image };
        return { type: "image_url", imageUrl: { url: image.url, ...set({ detail: image.detail }) } };
      }
      case "input_audio": {
        const { input_audio: audio } = part;
        return { type: "input_audio", inputAudio: typeof audio === "string" ? audio : audio.data };
      }
      case "document_url":
        return {
          type: "document_url",
          documentUrl: part.document_url,
          ...set({ documentName: part.document_name }),
        };
      case "file":
      case "reference":
      case "tool_reference":
      case "input_file":
        throw unsupported(`${where}[${index}]`, `This server keeps no files; send the text itself.`);
    }
  });
}

type AssistantContent = z.infer<typeof assistantMessage>["content"];

function assistantOf(message: z.infer<typeof assistantMessage>, where: string): Message {
  if (message.audio !== undefined && message.audio !== null) {
    throw unsupported(`${where}.audio`, "This server has no sound.");
  }
  if (message.function_call !== undefined && message.function_call !== null) {
    throw unsupported(`${where}.function_call`, "Functions of before 2023-11 are tools now: send tool_calls.");
  }
  const calls = message.tool_calls?.map((call, index) => toolCallOf(call, `${where}.tool_calls[${index}]`));
  return {
    role: "assistant",
    ...set({
      content: assistantContent(message.content, `${where}.content`) ?? message.refusal,
      reasoningContent: message.reasoning_content ?? message.reasoning,
      reasoningSignature: message.reasoning_signature,
      toolCalls: calls,
      prefix: message.prefix,
    }),
  };
}

function assistantContent(
  content: AssistantContent,
  where: string,
): Extract<Message, { role: "assistant" }>["content"] {
  if (content === undefined || content === null || typeof content === "string") return content ?? undefined;
  return content.map((part, index) => {
    switch (part.type) {
      case "text":
        return { type: "text", text: part.text };
      case "refusal":
        return { type: "text", text: part.refusal };
      case "thinking":
        return {
          type: "thinking",
          thinking: typeof part.thinking === "string" ? [{ type: "text", text: part.thinking }] : part.thinking,
          ...set({ signature: part.signature, closed: part.closed }),
        };
      case "file":
      case "reference":
      case "tool_reference":
      case "input_file":
        throw unsupported(`${where}[${index}]`, `This server keeps no files; send the text itself.`);
    }
  });
}

function toolCallOf({ id, function: called }: z.infer<typeof toolCall>, where: string): ToolCall {
  if (called.name === "") throw invalid(`${where}.function.name`, "A call has the name of its tool.");
  const { arguments: given } = called;
  return {
    id,
    type: "function",
    function: { name: called.name, arguments: typeof given === "string" ? given : JSON.stringify(given) },
  };
}
