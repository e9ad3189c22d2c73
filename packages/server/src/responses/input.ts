import type { Message, ToolCall } from "wick";
import { z } from "zod";
import { unsupported } from "../error/failure.js";
import { optional, set } from "../wire/optional.js";

const textPart = z.object({ type: z.enum(["input_text", "output_text", "text"]), text: z.string() });
const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });
const imagePart = z.object({
  type: z.literal("input_image"),
  image_url: optional(z.string()),
  file_id: optional(z.string()),
  detail: optional(z.enum(["auto", "low", "high"])),
});
const filePart = z.object({ type: z.enum(["input_file", "input_audio"]) });
const contentPart = z.discriminatedUnion("type", [textPart, refusalPart, imagePart, filePart]);

const messageItem = z.object({
  type: optional(z.literal("message")),
  id: optional(z.string()),
  status: optional(z.string()),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: z.union([z.string(), z.array(contentPart)]),
});
const callItem = z.object({
  type: z.literal("function_call"),
  id: optional(z.string()),
  status: optional(z.string()),
  call_id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string(),
});
const outputItem = z.object({
  type: z.literal("function_call_output"),
  id: optional(z.string()),
  status: optional(z.string()),
  call_id: z.string(),
  output: z.union([z.string(), z.array(contentPart)]),
});
const reasoningItem = z.object({
  type: z.literal("reasoning"),
  id: optional(z.string()),
  status: optional(z.string()),
  summary: optional(z.array(z.object({ type: z.string(), text: z.string() }))),
  content: optional(z.array(z.object({ type: z.string(), text: z.string() }))),
  encrypted_content: optional(z.string()),
});
const otherItem = z.object({
  type: z.string().regex(/^(?!(?:message|function_call|function_call_output|reasoning)$)/, { abort: true }),
});

/** What a response answers: messages, calls, their outputs, and thoughts, as responses before had them. */
export const inputField = z
  .array(z.union([callItem, outputItem, reasoningItem, messageItem, otherItem]))
  .min(1)
  .max(4096);

/** One of them. */
export type InputItem = z.infer<typeof inputField>[number];

/**
 * The same in Wick's words: what the assistant thought, said and called in a row is one message.
 *
 * @throws {Failure} `unsupported` for items of tools and stores that this server does not have.
 */
export function messagesOfInput(input: string | readonly InputItem[]): Message[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  const messages: Message[] = [];
  let turn: AssistantTurn | undefined;
  const said = () => (turn ??= new AssistantTurn());
  const flush = () => {
    if (turn !== undefined) messages.push(turn.message());
    turn = undefined;
  };
  for (const [index, item] of input.entries()) {
    const where = `input[${index}]`;
    if ("role" in item) {
      const text = textOf(item.content, `${where}.content`);
      if (item.role === "assistant") said().say(text);
      else {
        flush();
        messages.push(
          item.role === "user"
            ? { role: "user", content: userContent(item.content, `${where}.content`) }
            : { role: "system", content: text },
        );
      }
    } else if ("arguments" in item) {
      said().call({ id: item.call_id, type: "function", function: { name: item.name, arguments: item.arguments } });
    } else if ("output" in item) {
      flush();
      messages.push({ role: "tool", toolCallId: item.call_id, content: textOf(item.output, `${where}.output`) });
    } else if (item.type === "reasoning") {
      said().think("content" in item ? (item.content ?? []).map(({ text }) => text).join("") : "");
    } else {
      throw unsupported(`${where}.type`, "This server takes messages, function calls, their outputs and reasoning.");
    }
  }
  flush();
  return messages;
}

/** What an assistant did between two words of others. */
class AssistantTurn {
  #content = "";
  #reasoning = "";
  readonly #calls: ToolCall[] = [];

  say(text: string): void {
    this.#content += text;
  }

  think(text: string): void {
    this.#reasoning += text;
  }

  call(call: ToolCall): void {
    this.#calls.push(call);
  }

  message(): Message {
    return {
      role: "assistant",
      content: this.#content,
      ...(this.#reasoning !== "" && { reasoningContent: this.#reasoning }),
      ...(this.#calls.length > 0 && { toolCalls: this.#calls }),
    };
  }
}

type Content = z.infer<typeof messageItem>["content"];

function textOf(content: Content, where: string): string {
  if (typeof content === "string") return content;
  return content
    .map((part, index) => {
      switch (part.type) {
        case "input_text":
        case "output_text":
        case "text":
          return part.text;
        case "refusal":
          return part.refusal;
        case "input_image":
        case "input_file":
        case "input_audio":
          return noFiles(`${where}[${index}]`);
      }
    })
    .join("");
}

function userContent(content: Content, where: string): Extract<Message, { role: "user" }>["content"] {
  if (typeof content === "string") return content;
  return content.map((part, index) => {
    switch (part.type) {
      case "input_text":
      case "output_text":
      case "text":
        return { type: "text", text: part.text };
      case "refusal":
        return { type: "text", text: part.refusal };
      case "input_image": {
        const { image_url: url, detail } = part;
        if (url === undefined || url === null) return noFiles(`${where}[${index}].file_id`);
        return { type: "image_url", imageUrl: { url, ...set({ detail }) } };
      }
      case "input_file":
      case "input_audio":
        return noFiles(`${where}[${index}]`);
    }
  });
}

function noFiles(where: string): never {
  throw unsupported(where, "This server keeps no files; send the text itself.");
}
