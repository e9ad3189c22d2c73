import type {
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { Question, Turn } from "./question.ts";

/** A question as the body of OpenAI's chats, as their clients in any language take it. */
export function openaiBody(question: Question): Omit<ChatCompletionCreateParamsNonStreaming, "stream"> {
  const { model, messages, maxTokens, temperature, seed, stop, tools, toolChoice, schema, effort } = question;
  return {
    model,
    messages: messages.map((turn) => openaiMessage(turn)),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(seed !== undefined && { seed }),
    ...(stop !== undefined && { stop: [...stop] }),
    ...(tools !== undefined && {
      tools: tools.map(({ parameters, ...tool }) => ({
        type: "function" as const,
        function: { ...tool, parameters: { ...parameters } },
      })),
    }),
    ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(schema !== undefined && {
      response_format: {
        type: "json_schema" as const,
        json_schema: { name: "answer", schema: { ...schema }, strict: true },
      },
    }),
    ...(effort !== undefined && { reasoning_effort: effort }),
  };
}

function openaiMessage(turn: Turn): ChatCompletionMessageParam {
  switch (turn.role) {
    case "system":
    case "user":
      return { role: turn.role, content: turn.content };
    case "tool":
      return { role: "tool", tool_call_id: turn.toolCallId, content: turn.content };
    case "assistant":
      return {
        role: "assistant",
        content: turn.content,
        ...(turn.toolCalls !== undefined && { tool_calls: turn.toolCalls.map((call) => ({ ...call })) }),
      };
  }
}
