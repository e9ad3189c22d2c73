import type { LanguageModelV3Message, LanguageModelV3Prompt, LanguageModelV3ToolResultPart } from "@ai-sdk/provider";
import type { AssistantMessage, Message, ToolCall, ToolMessage, UserMessage } from "wick";
import { unsupportedKind } from "../error/sdk-error.js";
import { filePart } from "./file-part.js";
import { toolOutputText } from "./tool-output.js";
import type { Warnings } from "./warnings.js";
import { wickOptionsOfPart } from "./wick-options.js";

type MessageOf<R extends LanguageModelV3Message["role"]> = Extract<LanguageModelV3Message, { role: R }>;

/**
 * A prompt of the SDK as Wick's messages.
 *
 * @throws `UnsupportedFunctionalityError` for what a user shows and Wick has no part for.
 */
export function promptMessages(prompt: LanguageModelV3Prompt, warnings: Warnings): Message[] {
  return prompt.flatMap((message): Message[] => {
    switch (message.role) {
      case "system":
        return [{ role: "system", content: message.content }];
      case "user":
        return [userMessage(message)];
      case "assistant":
        return assistantMessages(message, warnings);
      case "tool":
        return toolMessages(message, warnings);
      default:
        return unsupportedKind(message, "message");
    }
  });
}

function userMessage({ content }: MessageOf<"user">): UserMessage {
  const parts = content.map((part) =>
    part.type === "text" ? ({ type: "text", text: part.text } as const) : filePart(part),
  );
  const [only, ...others] = parts;
  if (only === undefined) return { role: "user", content: "" };
  return { role: "user", content: only.type === "text" && others.length === 0 ? only.text : parts };
}

/** Several, where a provider ran tools in the middle: what they gave stands behind the calls, and what was said then, behind that. */
function assistantMessages({ content, providerOptions }: MessageOf<"assistant">, warnings: Warnings): Message[] {
  const messages: Message[] = [];
  let turn = new AssistantTurn();
  for (const part of content) {
    switch (part.type) {
      case "text":
      case "reasoning":
        turn.say(part.type, part.text);
        break;
      case "tool-call":
        turn.calls.push(toolCall(part));
        break;
      case "tool-result":
        if (!turn.isEmpty) messages.push(turn.message());
        turn = new AssistantTurn();
        messages.push(toolMessage(part, warnings));
        continue;
      case "file":
        leftOut(part.type, warnings);
        break;
      default:
        // `ai` 7 has kinds that the third version of the interface has not.
        leftOut((part as { type: string }).type, warnings);
    }
    const { reasoningSignature } = wickOptionsOfPart(part.providerOptions);
    if (typeof reasoningSignature === "string") turn.signature = reasoningSignature;
  }
  if (!turn.isEmpty || messages.length === 0) messages.push(turn.message());
  const last = messages.at(-1);
  if (wickOptionsOfPart(providerOptions)["prefix"] === true && last?.role === "assistant") last.prefix = true;
  return messages;
}

/** One message of the model, while it is put together. */
class AssistantTurn {
  readonly calls: ToolCall[] = [];
  signature: string | undefined;
  readonly #said = { text: "", reasoning: "" };

  say(what: "text" | "reasoning", text: string): void {
    this.#said[what] += text;
  }

  get isEmpty(): boolean {
    return this.#said.text === "" && this.#said.reasoning === "" && this.calls.length === 0;
  }

  message(): AssistantMessage {
    const { text, reasoning } = this.#said;
    return {
      role: "assistant",
      content: text,
      ...(reasoning !== "" && { reasoningContent: reasoning }),
      ...(this.signature !== undefined && { reasoningSignature: this.signature }),
      ...(this.calls.length > 0 && { toolCalls: this.calls }),
    };
  }
}

function toolCall({ toolCallId, toolName, input }: { toolCallId: string; toolName: string; input: unknown }): ToolCall {
  // Arguments that are no JSON come back as the text that the model wrote.
  const written = typeof input === "string" ? input : (JSON.stringify(input) ?? "{}");
  return { id: toolCallId, type: "function", function: { name: toolName, arguments: written } };
}

function toolMessages({ content }: MessageOf<"tool">, warnings: Warnings): ToolMessage[] {
  return content.flatMap((part) => {
    switch (part.type) {
      case "tool-result":
        return [toolMessage(part, warnings)];
      case "tool-approval-response":
        warnings.unsupported("tool-approval-response", "Wick's models run no tools that would ask; it is left out.");
        return [];
      default:
        return unsupportedKind(part, "part of a tool message");
    }
  });
}

function toolMessage(part: LanguageModelV3ToolResultPart, warnings: Warnings): ToolMessage {
  const { toolCallId, toolName, output } = part;
  return { role: "tool", toolCallId, name: toolName, content: toolOutputText(output, warnings) };
}

function leftOut(type: string, warnings: Warnings): void {
  warnings.unsupported(
    `${type} part in an assistant message`,
    "Wick's models take back text, reasoning and calls of tools.",
  );
}
