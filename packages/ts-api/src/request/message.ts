import type { ToolCall } from "../generated/protocol.js";

/**
 * Text inside a message.
 *
 * @example
 * ```ts
 * const part: TextPart = { type: "text", text: "What is in this picture?" };
 * ```
 */
export interface TextPart {
  /** Always `text`. */
  type: "text";
  /** Text, never a control token, whatever it spells. */
  text: string;
}

/**
 * An image, by URL or as a `data:` URL.
 *
 * @example
 * ```ts
 * const part: ImagePart = { type: "image_url", imageUrl: "data:image/png;base64,…" };
 * ```
 */
export interface ImagePart {
  /** Always `image_url`. */
  type: "image_url";
  /** The URL, alone or with how closely to look. */
  imageUrl: string | { url: string; detail?: "auto" | "low" | "high" | undefined };
}

/**
 * A sound, by URL or in base64.
 *
 * @example
 * ```ts
 * const part: AudioPart = { type: "input_audio", inputAudio: "UklGRg…" };
 * ```
 */
export interface AudioPart {
  /** Always `input_audio`. */
  type: "input_audio";
  /** The URL, or the bytes in base64. */
  inputAudio: string;
}

/**
 * A document, by URL.
 *
 * @example
 * ```ts
 * const part: DocumentPart = { type: "document_url", documentUrl: "https://example.com/a.pdf" };
 * ```
 */
export interface DocumentPart {
  /** Always `document_url`. */
  type: "document_url";
  /** Where it is. */
  documentUrl: string;
  /** What it is called. */
  documentName?: string | undefined;
}

/**
 * What a model thought, on its way back to the model.
 *
 * @example
 * ```ts
 * const part: ThinkingPart = { type: "thinking", thinking: [{ type: "text", text: "Two and two…" }] };
 * ```
 */
export interface ThinkingPart {
  /** Always `thinking`. */
  type: "thinking";
  /** The thoughts. */
  thinking: readonly TextPart[];
  /** For hosts that demand it on replay. */
  signature?: string | undefined;
  /** Whether the thought had come to its end. */
  closed?: boolean | undefined;
}

/**
 * What the program tells the model to be.
 *
 * @example
 * ```ts
 * const message: SystemMessage = { role: "system", content: "Be brief." };
 * ```
 */
export interface SystemMessage {
  /** Always `system`. */
  role: "system";
  /** What to be. */
  content: string | readonly TextPart[];
}

/**
 * What the user said.
 *
 * @example
 * ```ts
 * const message: UserMessage = { role: "user", content: "Why is the sky blue?" };
 * ```
 */
export interface UserMessage {
  /** Always `user`. */
  role: "user";
  /** What was said, shown and played. */
  content: string | readonly (TextPart | ImagePart | AudioPart | DocumentPart)[];
}

/**
 * What the model said earlier. An {@link AssistantOutput} is one.
 *
 * @example
 * ```ts
 * const begun: AssistantMessage = { role: "assistant", content: "The sky is", prefix: true };
 * ```
 */
export interface AssistantMessage {
  /** Always `assistant`. */
  role: "assistant";
  /** What it said. */
  content?: string | readonly (TextPart | ThinkingPart)[] | undefined;
  /** What it thought before. */
  reasoningContent?: string | undefined;
  /** For hosts that demand it on replay. */
  reasoningSignature?: string | undefined;
  /** The tools it called. */
  toolCalls?: readonly ToolCall[] | undefined;
  /** The answer goes on from this text. Last message only. */
  prefix?: boolean | undefined;
}

/**
 * What a tool answered.
 *
 * @example
 * ```ts
 * const message: ToolMessage = { role: "tool", toolCallId: call.id, content: "19 °C" };
 * ```
 */
export interface ToolMessage {
  /** Always `tool`. */
  role: "tool";
  /** Which call it answers. */
  toolCallId: string;
  /** The answer. */
  content: string | readonly TextPart[];
  /** The tool's name. */
  name?: string | undefined;
}

/**
 * One turn of a conversation.
 *
 * A constant array widens `role` to `string`; say what it is with `satisfies`.
 *
 * @example
 * ```ts
 * const messages = [{ role: "user", content: "Hi" }] satisfies Message[];
 * ```
 */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;
