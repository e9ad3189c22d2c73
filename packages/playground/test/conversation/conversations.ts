import { type Conversation, newConversation, withTurn } from "../../src/conversation/conversation.ts";
import type { AnswerTurn, UserTurn } from "../../src/conversation/turn.ts";

/** A question behind an answer. */
export function question(id: string, parent: string | null, text = `Question ${id}`): UserTurn {
  return { kind: "user", id, parent, createdAt: 1, text };
}

/** An answer to a question. */
export function answer(id: string, parent: string, more: Partial<AnswerTurn> = {}): AnswerTurn {
  return {
    kind: "answer",
    id,
    parent,
    createdAt: 2,
    model: "m",
    parts: [{ kind: "text", text: `Answer ${id}` }],
    messages: [{ role: "assistant", content: `Answer ${id}` }],
    outcome: { kind: "done", finishReason: "stop" },
    ...more,
  };
}

/** Two questions with their answers; the first question was asked anew, the second answer was given anew. */
export function branched(): Conversation {
  const turns = [
    question("q1", null),
    answer("a1", "q1"),
    question("q2", "a1"),
    answer("a2", "q2"),
    question("other", null),
    answer("otherAnswer", "other"),
    answer("again", "q2"),
  ];
  return turns.reduce(withTurn, { ...newConversation(1), id: "conversation" });
}
