import type { WickResponse } from "wick";
import type { EventForm } from "../run/event-stream.js";
import { failureOf } from "../run/run.js";

/** How a client asks for our own form. */
export const responseMediaType = "application/vnd.wick.response+sse";

/** Whether the answer is to be Wick's own responses. They are always streamed. */
export function wantsResponses(request: Request): boolean {
  return (
    request.headers.get("accept")?.includes(responseMediaType) === true || /[?&]format=wick(?:&|$)/.test(request.url)
  );
}

/** Responses as they are: nothing is lost. Only the model's name is the one that it is served under. */
export class ResponseForm implements EventForm<WickResponse> {
  readonly #model: string;

  constructor(model: string) {
    this.#model = model;
  }

  events(response: WickResponse): string {
    return `data: ${JSON.stringify(this.#named(response))}\n\n`;
  }

  #named(response: WickResponse): WickResponse {
    const model = this.#model;
    switch (response.kind) {
      case "chunk":
      case "completion_chunk":
        return { ...response, model };
      case "done":
        return { ...response, completion: { ...response.completion, model } };
      case "completion_done":
        return { ...response, completion: { ...response.completion, model } };
      case "model_error":
        return { ...response, partial: { ...response.partial, model } };
      case "completion_model_error":
        return { ...response, partial: { ...response.partial, model } };
      case "internal_error":
        return { ...response, partial: { ...response.partial, model } } as WickResponse;
      case "cancelled": {
        // Not by who reads this: the server ends.
        const error = failureOf(response);
        const partial = { ...response.partial, model };
        return (error === undefined ? response : { kind: "internal_error", error, partial }) as WickResponse;
      }
      case "embeddings":
        return { ...response, embeddings: { ...response.embeddings, model } };
      case "validation_error":
      case "prompt_progress":
      case "agentic_tool_call_progress":
      case "agentic_tool_approval_required":
      case "raw":
        return response;
    }
  }
}
