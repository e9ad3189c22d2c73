import {
  type AgentResponse,
  type ChatCompletion,
  type ErrorInfo,
  type Message,
  type PromptProgressResponse,
  type ToolApprovalResponse,
  type ToolProgressResponse,
  assertNever,
} from "wick";
import { printableLine } from "../output/printable.js";
import type { AnswerView } from "./chat-surface.js";
import { type TurnOutcome, answerMessages } from "./conversation.js";

/** What came of a request. */
export interface Answer {
  outcome: TurnOutcome;
  messages: readonly Message[];
  /** What was delivered, where anything was asked of the model. */
  completion?: ChatCompletion;
  /** Why it failed. */
  error?: ErrorInfo;
  /** It was cut since the context is full, and not by a limit of the request. */
  isContextFull?: boolean;
}

/** Someone who is asked whether a tool may run. */
export type Approve = (question: ToolApprovalResponse) => Promise<void>;

/** Shows a stream to its end. */
export async function showAnswer(
  stream: AsyncIterable<AgentResponse | PromptProgressResponse>,
  view: AnswerView,
  approve: Approve,
): Promise<Answer> {
  for await (const response of stream) {
    switch (response.kind) {
      case "chunk": {
        const [{ delta }] = response.choices;
        if (delta.reasoningContent !== undefined) view.reasoning(delta.reasoningContent);
        if (delta.content !== undefined) await view.content(delta.content);
        break;
      }
      case "prompt_progress":
        view.progress(progressText(response));
        break;
      case "agentic_tool_call_progress": {
        const text = toolText(response);
        if (text !== undefined) view.tool(text);
        break;
      }
      case "agentic_tool_approval_required":
        await approve(response);
        break;
      case "done":
        return whole(response.completion);
      case "cancelled": {
        const { reason, partial } = response;
        const outcome = reason === "timeout" ? "cut" : "stopped";
        return { outcome, messages: answerMessages(partial), completion: partial };
      }
      case "validation_error":
        return { outcome: "failed", messages: [], error: response.error };
      case "model_error":
      case "internal_error": {
        const { error, partial } = response;
        return { outcome: "failed", messages: answerMessages(partial), completion: partial, error };
      }
      default:
        return assertNever(response);
    }
  }
  throw new Error("A stream ended without a last response.");
}

function whole(completion: ChatCompletion): Answer {
  const [{ finishReason, stopReason }] = completion.choices;
  const outcome = finishReason === "length" || finishReason === "content_filter" ? "cut" : "whole";
  const isContextFull = stopReason?.kind === "context";
  return { outcome, messages: answerMessages(completion), completion, isContextFull };
}

function progressText({ processed, total, queuePosition }: PromptProgressResponse): string {
  if (queuePosition !== undefined && queuePosition > 0) return `Waiting for ${queuePosition} others`;
  return `Reading the conversation: ${Math.floor((100 * processed) / Math.max(1, total))} %`;
}

/** What a tool does, in a line. */
export function callText({ toolName, input }: Pick<ToolProgressResponse, "toolName" | "input">): string {
  return printableLine(`${toolName} ${JSON.stringify(input)}`);
}

function toolText(response: ToolProgressResponse): string | undefined {
  const { phase, toolName } = response;
  switch (phase.kind) {
    case "calling":
      return `[${callText(response)}]`;
    case "output":
      return undefined;
    case "complete":
      return `[${printableLine(toolName)}: ${printableLine(phase.output)}]`;
    case "failed":
      return `[${printableLine(toolName)} failed: ${printableLine(phase.error.message)}]`;
    case "denied":
      return `[${printableLine(toolName)} was not allowed]`;
    default:
      return assertNever(phase);
  }
}
