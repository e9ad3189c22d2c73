import type { ChatCompletion, Message } from "wick";

/** How an answer ended: whole, stopped by the user, cut by a limit, or failed. */
export type TurnOutcome = "whole" | "stopped" | "cut" | "failed";

/** What the user said, and what came of it. */
export interface Turn {
  user: string;
  /** Messages of the model, and of tools; none where nothing was answered. */
  answer: readonly Message[];
  outcome: TurnOutcome;
}

/** What was said so far. */
export class Conversation {
  system: string | undefined;
  #turns: Turn[];

  constructor(system?: string, turns: readonly Turn[] = []) {
    this.system = system;
    this.#turns = [...turns];
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /** All messages, and one more of the user. Turns without an answer are left out: models take turns. */
  messages(user?: string): Message[] {
    const system: Message[] = this.system === undefined ? [] : [{ role: "system", content: this.system }];
    const said = this.#turns.flatMap((turn): Message[] =>
      turn.answer.length === 0 ? [] : [{ role: "user", content: turn.user }, ...turn.answer],
    );
    return [...system, ...said, ...(user === undefined ? [] : [{ role: "user" as const, content: user }])];
  }

  add(turn: Turn): void {
    this.#turns.push(turn);
  }

  /** Takes back the last turn. */
  takeBack(): Turn | undefined {
    return this.#turns.pop();
  }

  /** Forgets the oldest turn that was answered; false where there is none. */
  dropOldest(): boolean {
    const index = this.#turns.findIndex(({ answer }) => answer.length > 0);
    if (index === -1) return false;
    this.#turns.splice(0, index + 1);
    return true;
  }

  clear(): void {
    this.#turns = [];
  }
}

/**
 * What an answer adds to the conversation. Calls of tools that did not run are left out: templates and hosts want an output for
 * each, and nothing is left of an answer that had said nothing yet.
 */
export function answerMessages({ transcript, choices: [{ message }] }: ChatCompletion): Message[] {
  const messages = [...(transcript ?? [message])];
  const last = messages.at(-1);
  if (last?.role !== "assistant") return messages;
  const { toolCalls: _, ...said } = last;
  const isEmpty = (said.content ?? "") === "" && (said.reasoningContent ?? "") === "";
  return [...messages.slice(0, -1), ...(isEmpty ? [] : [said])];
}
