import type { Message } from "wick/remote";
import type { Turn } from "./turn.js";

/** The messages that tell a model of a conversation. */
export function historyOf(system: string, turns: readonly Turn[]): Message[] {
  const messages: Message[] = [];
  if (system.trim() !== "") messages.push({ role: "system", content: system });
  for (const turn of turns) {
    if (turn.kind === "user") messages.push({ role: "user", content: turn.text });
    else messages.push(...withoutOpenCalls(turn.messages));
  }
  return messages;
}

/**
 * Without calls that nobody answered, as a run that was stopped leaves them: chat templates and hosts refuse those. A message
 * that has nothing else is left out.
 */
function withoutOpenCalls(messages: readonly Message[]): Message[] {
  const answered = new Set(messages.flatMap((message) => (message.role === "tool" ? [message.toolCallId] : [])));
  return messages.flatMap((message): Message[] => {
    if (message.role !== "assistant") return [message];
    const { toolCalls = [], ...rest } = message;
    const kept = toolCalls.filter(({ id }) => answered.has(id));
    if (kept.length > 0) return [{ ...rest, toolCalls: kept }];
    return rest.content === undefined || rest.content === "" ? [] : [rest];
  });
}
