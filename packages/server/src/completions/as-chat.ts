import type { ChatCompletion, Completion, CompletionResponse, WickResponse } from "wick";
import type { EventForm } from "../run/event-stream.js";

/** A text as the answer of a chat, which is how Mistral's API answers a fill-in-the-middle. */
export function asChatCompletion({ choices, ...completion }: Completion): ChatCompletion {
  const [first, ...rest] = choices;
  const asChat = ({ text, ...choice }: Completion["choices"][number]) => ({
    ...choice,
    message: { role: "assistant" as const, content: text },
  });
  return { ...completion, object: "chat.completion", choices: [asChat(first), ...rest.map(asChat)] };
}

/** The same while it is streamed. */
export class ChatOfTextForm implements EventForm<WickResponse> {
  readonly #form: EventForm<WickResponse>;
  readonly #begun = new Set<number>();

  /** @param form - Writes chats. */
  constructor(form: EventForm<WickResponse>) {
    this.#form = form;
  }

  events(response: CompletionResponse | WickResponse): string {
    switch (response.kind) {
      case "completion_chunk": {
        const [first, ...rest] = response.choices;
        const asChat = ({ index, text, ...choice }: typeof first) => {
          const isFirst = !this.#begun.has(index);
          this.#begun.add(index);
          return { ...choice, index, delta: { ...(isFirst && { role: "assistant" as const }), content: text } };
        };
        return this.#form.events({ ...response, kind: "chunk", choices: [asChat(first), ...rest.map(asChat)] });
      }
      case "completion_done":
        return this.#form.events({ kind: "done", completion: asChatCompletion(response.completion) });
      case "completion_model_error": {
        const { error, partial } = response;
        return this.#form.events({ kind: "model_error", error, partial: asChatCompletion(partial) });
      }
      case "chunk":
      case "done":
      case "model_error":
      case "validation_error":
      case "internal_error":
      case "cancelled":
      case "prompt_progress":
      case "agentic_tool_call_progress":
      case "agentic_tool_approval_required":
      case "embeddings":
      case "raw":
        return this.#form.events(response);
    }
  }
}
