import { describe, expect, test } from "vitest";
import {
  alternativesOf,
  branchOf,
  newConversation,
  showing,
  titleOf,
  withTurn,
  withTurnsBack,
  withoutTurn,
} from "../../src/conversation/conversation.ts";
import { answer, branched, question } from "./conversations.ts";

const ids = (turns: readonly { id: string }[]) => turns.map(({ id }) => id).join(" ");

test("what is shown is the branch to its leaf", () => {
  expect(ids(branchOf(branched()))).toBe("q1 a1 q2 again");
  expect(branchOf(newConversation(1))).toEqual([]);
});

test("turns stand beside those with the same parent, the oldest first", () => {
  const conversation = branched();
  const [q1, a1, , a2] = conversation.turns;
  if (q1 === undefined || a1 === undefined || a2 === undefined) throw new Error("no turns");
  expect(ids(alternativesOf(conversation, q1))).toBe("q1 other");
  expect(ids(alternativesOf(conversation, a1))).toBe("a1");
  expect(ids(alternativesOf(conversation, a2))).toBe("a2 again");
});

test("showing a turn goes to the end that was written last", () => {
  expect(ids(branchOf(showing(branched(), "other")))).toBe("other otherAnswer");
  expect(ids(branchOf(showing(showing(branched(), "other"), "q1")))).toBe("q1 a1 q2 again");
  expect(ids(branchOf(showing(branched(), "a2")))).toBe("q1 a1 q2 a2");
});

describe("without a turn", () => {
  test("what follows it goes, too, and another branch of its place is shown", () => {
    const rest = withoutTurn(branched(), "q1", 9);
    expect(ids(rest.turns)).toBe("other otherAnswer");
    expect(ids(branchOf(rest))).toBe("other otherAnswer");
    expect(rest.changedAt).toBe(9);
  });

  test("where its place is empty then, the branch ends before it", () => {
    expect(ids(branchOf(withoutTurn(branched(), "q2", 9)))).toBe("q1 a1");
  });

  test("the last one leaves nothing", () => {
    const only = withTurn(newConversation(1), question("q", null));
    expect(withoutTurn(only, "q", 9)).toMatchObject({ turns: [], leaf: null });
  });

  test("what is shown stays, where the turn is of another branch", () => {
    expect(ids(branchOf(withoutTurn(branched(), "other", 9)))).toBe("q1 a1 q2 again");
  });

  test("one that is not there changes nothing", () => {
    expect(withoutTurn(branched(), "nobody", 9).turns).toEqual(branched().turns);
  });
});

test("turns come back, and what was said since stays", () => {
  const before = branched();
  const since = withTurn(withoutTurn(before, "q2", 9), question("new", "a1"));
  const back = withTurnsBack(since, before);
  expect(ids(back.turns)).toBe(`${ids(before.turns)} new`);
  expect(back.leaf).toBe(before.leaf);
  expect(ids(branchOf(showing(back, "new")))).toBe("q1 a1 new");
});

test("a title is the beginning of the first question", () => {
  expect(titleOf(newConversation(1))).toBe("New conversation");
  expect(titleOf(withTurn(newConversation(1), question("q", null, "  First line \nsecond")))).toBe("First line");
  expect(titleOf(withTurn(newConversation(1), question("q", null, "\n \n")))).toBe("New conversation");
  expect(titleOf(withTurn(newConversation(1), question("q", null, "x".repeat(200))))).toBe(`${"x".repeat(80)}…`);
  expect(titleOf(withTurn(newConversation(1), answer("a", "q")))).toBe("New conversation");
});
