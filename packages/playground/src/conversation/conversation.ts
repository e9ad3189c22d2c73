import { newId } from "../page/identity.js";
import type { Turn, UserTurn } from "./turn.js";

/** Questions and answers. Asking or answering anew begins a branch beside the old one, so that they are a tree. */
export interface Conversation {
  readonly id: string;
  readonly createdAt: number;
  readonly changedAt: number;
  /** The system prompt; `""`: none. */
  readonly system: string;
  /** In the order in which they were made: each behind its parent. */
  readonly turns: readonly Turn[];
  /** The end of the branch that is shown. */
  readonly leaf: string | null;
}

const longestTitle = 80;

/** An empty conversation. */
export function newConversation(now: number): Conversation {
  return { id: newId(), createdAt: now, changedAt: now, system: "", turns: [], leaf: null };
}

/** What a list calls it: the first line of the question that it begins with. */
export function titleOf({ turns }: Conversation): string {
  const first = turns.find((turn): turn is UserTurn => turn.kind === "user" && turn.parent === null);
  const line = first?.text.trim().split("\n", 1)[0]?.trimEnd() ?? "";
  if (line === "") return "New conversation";
  return line.length > longestTitle ? `${line.slice(0, longestTitle).trimEnd()}…` : line;
}

/** From the first question to the leaf. */
export function branchOf({ turns, leaf }: Conversation): readonly Turn[] {
  const byId = new Map(turns.map((turn) => [turn.id, turn]));
  const branch: Turn[] = [];
  for (let at = leaf; at !== null;) {
    const turn = byId.get(at);
    if (turn === undefined) break;
    branch.push(turn);
    at = turn.parent;
  }
  return branch.toReversed();
}

/** The turns that stand in the same place, this one among them, the oldest first. */
export function alternativesOf({ turns }: Conversation, turn: Turn): readonly Turn[] {
  return turns.filter(({ parent }) => parent === turn.parent);
}

/** With one turn more, which becomes the leaf. */
export function withTurn(conversation: Conversation, turn: Turn): Conversation {
  return {
    ...conversation,
    changedAt: turn.createdAt,
    turns: [...conversation.turns, turn],
    leaf: turn.id,
  };
}

/** Without a turn and what follows it. What is shown then stands where it stood, else ends before it. */
export function withoutTurn(conversation: Conversation, id: string, now: number): Conversation {
  const gone = new Set([id]);
  // Each turn is behind its parent.
  for (const turn of conversation.turns) if (turn.parent !== null && gone.has(turn.parent)) gone.add(turn.id);
  const removed = conversation.turns.find((turn) => turn.id === id);
  const rest = { ...conversation, changedAt: now, turns: conversation.turns.filter((turn) => !gone.has(turn.id)) };
  if (removed === undefined || conversation.leaf === null || !gone.has(conversation.leaf)) return rest;
  const beside = alternativesOf(rest, removed).at(-1);
  return { ...rest, leaf: beside === undefined ? removed.parent : latestLeaf(rest, beside.id) };
}

/** With the turns back that an earlier state had, which is shown as it was then. What was said since stays. */
export function withTurnsBack(conversation: Conversation, before: Conversation): Conversation {
  const known = new Set(before.turns.map(({ id }) => id));
  const since = conversation.turns.filter(({ id }) => !known.has(id));
  return { ...conversation, turns: [...before.turns, ...since], leaf: before.leaf };
}

/** Showing the branch through a turn, to the end that was written last. */
export function showing(conversation: Conversation, id: string): Conversation {
  return { ...conversation, leaf: latestLeaf(conversation, id) };
}

function latestLeaf({ turns }: Conversation, id: string): string {
  let leaf = id;
  // Children stand behind their parents, and of several the last one is taken.
  for (;;) {
    const child = turns.findLast(({ parent }) => parent === leaf);
    if (child === undefined) return leaf;
    leaf = child.id;
  }
}
