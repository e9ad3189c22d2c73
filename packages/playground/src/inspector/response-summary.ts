import { type WickResponse, assertNever } from "wick/remote";

const longest = 120;

/** What a response is about, in a line. */
export function summaryOf(response: WickResponse): string {
  const text = wordsOf(response);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function wordsOf(response: WickResponse): string {
  switch (response.kind) {
    case "chunk": {
      const [{ delta, finishReason }] = response.choices;
      const words = [
        ...(delta.reasoningContent === undefined ? [] : [`thinks ${quoted(delta.reasoningContent)}`]),
        ...(delta.content === undefined ? [] : [quoted(delta.content)]),
        ...(delta.toolCalls ?? []).map(({ function: call }) => `${call.name ?? ""}(${call.arguments ?? ""}`),
        ...(finishReason === null ? [] : [`→ ${finishReason}`]),
      ];
      return words.join(" ");
    }
    case "completion_chunk":
      return quoted(response.choices[0].text);
    case "done": {
      const { choices, usage } = response.completion;
      return `${choices[0].finishReason}${usage === undefined ? "" : `, ${usage.completionTokens} tokens`}`;
    }
    case "completion_done":
      return response.completion.choices[0].finishReason;
    case "validation_error":
    case "model_error":
    case "completion_model_error":
    case "internal_error":
      return `${response.error.code}: ${response.error.message}`;
    case "cancelled":
      return response.reason;
    case "prompt_progress":
      return `${response.processed} / ${response.total}`;
    case "agentic_tool_call_progress":
      return `${response.toolName}: ${response.phase.kind}`;
    case "agentic_tool_approval_required":
      return `${response.toolName}?`;
    case "embeddings":
      return `${response.embeddings.data.length} vectors`;
    case "raw":
      return `${response.tokens.length} rows`;
    default:
      return assertNever(response);
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, longest));
}
