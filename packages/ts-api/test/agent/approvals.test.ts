import { afterEach, describe, expect, test, vi } from "vitest";
import { type ToolApprovalResponse, WickError, tool } from "wick";
import { scriptedModel } from "wick/testing";
import { call, collected, completionOf, phases, rounds } from "./agent-runs.js";

const messages = [{ role: "user" as const, content: "Delete it." }];
const removed: unknown[] = [];
const remove = tool({
  name: "remove",
  description: "Removes a file",
  parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
  needsApproval: true,
  execute: (input) => {
    removed.push(input);
    return "removed";
  },
});
afterEach(() => {
  removed.length = 0;
  vi.useRealTimers();
});

const twice = () => rounds([call("remove", { path: "a" }, "id-1")], [call("remove", { path: "b" }, "id-2")]);

describe("a tool that asks first", () => {
  test("is told in the stream, and runs once it is approved", async () => {
    const stream = scriptedModel({ replies: twice() }).chat.stream({ messages, tools: [remove] });
    const asked: ToolApprovalResponse[] = [];
    const responses = [];
    for await (const response of stream) {
      responses.push(response);
      if (response.kind !== "agentic_tool_approval_required") continue;
      expect(removed).toHaveLength(asked.length);
      asked.push(response);
      await stream.approve(response.approvalId);
    }
    expect(asked).toMatchObject([
      { round: 0, callId: "id-1", toolName: "remove", input: { path: "a" }, expiresInMs: 300_000 },
      { round: 1, callId: "id-2", toolName: "remove", input: { path: "b" } },
    ]);
    expect(removed).toEqual([{ path: "a" }, { path: "b" }]);
    expect(phases(responses)).toEqual([
      "0 remove calling",
      "0 remove complete removed",
      "1 remove calling",
      "1 remove complete removed",
    ]);
  });

  test("is denied with a reason, which the model reads", async () => {
    const stream = scriptedModel({ replies: rounds([call("remove", { path: "a" })]) }).chat.stream({
      messages,
      tools: [remove],
    });
    const responses = [];
    for await (const response of stream) {
      responses.push(response);
      if (response.kind === "agentic_tool_approval_required")
        await stream.deny(response.approvalId, { reason: "It is mine." });
    }
    expect(phases(responses)).toEqual(["0 remove denied It is mine."]);
    expect(completionOf(responses).transcript?.[1]).toMatchObject({ content: "Denied: It is mine." });
    expect(removed).toEqual([]);
  });

  test.each([true, false])("remember: %s is what later calls of it get, unasked", async (isApproved) => {
    const stream = scriptedModel({ replies: twice() }).chat.stream({ messages, tools: [remove] });
    let asked = 0;
    for await (const response of stream) {
      if (response.kind !== "agentic_tool_approval_required") continue;
      asked += 1;
      const options = { remember: true };
      await (isApproved ? stream.approve(response.approvalId, options) : stream.deny(response.approvalId, options));
    }
    expect([asked, removed.length]).toEqual([1, isApproved ? 2 : 0]);
  });

  test("onApproval decides instead of the reader; failing is a denial", async () => {
    for (const [decision, count] of [
      [() => true, 2],
      [async (question: ToolApprovalResponse) => question.callId === "id-2", 1],
      [() => false, 0],
      [() => "yes" as never, 0],
      [
        () => {
          throw new Error("no");
        },
        0,
      ],
    ] as const) {
      removed.length = 0;
      const model = scriptedModel({ replies: twice() });
      const responses = await collected(model.chat.stream({ messages, tools: [remove], onApproval: decision }));
      expect(responses.some(({ kind }) => kind === "agentic_tool_approval_required")).toBe(false);
      expect(removed).toHaveLength(count);
    }
  });

  test("where nobody can see the question, it is denied at once", async () => {
    const model = scriptedModel({ replies: rounds([call("remove", { path: "a" })]) });
    const { transcript } = await model.chat.complete({ messages, tools: [remove] });
    expect(transcript?.[1]).toMatchObject({ content: "Denied: Nobody is there to ask." });
    let text = "";
    for await (const piece of model.chat.stream({ messages, tools: [remove] }).text()) text += piece;
    expect([text, removed]).toEqual(["That is it.", []]);
  });

  test("nobody answers: denied after five minutes", async () => {
    vi.useFakeTimers();
    const stream = scriptedModel({ replies: rounds([call("remove", { path: "a" })]) }).chat.stream({
      messages,
      tools: [remove],
    });
    const responses = [];
    for await (const response of stream) {
      responses.push(response);
      if (response.kind === "agentic_tool_approval_required") void vi.advanceTimersByTimeAsync(300_000);
    }
    expect(phases(responses)).toEqual(["0 remove denied Nobody answered in time."]);
  });

  test("an answer that is late, or to nothing, is not_found", async () => {
    const stream = scriptedModel({ replies: rounds([call("remove", { path: "a" })]) }).chat.stream({
      messages,
      tools: [remove],
    });
    const late = async (answer: Promise<void>) => {
      const error = await answer.catch((caught) => caught);
      expect(WickError.isInstance(error) && error.code).toBe("not_found");
    };
    await late(stream.approve("none"));
    let approvalId = "";
    for await (const response of stream) {
      if (response.kind !== "agentic_tool_approval_required") continue;
      ({ approvalId } = response);
      await stream.approve(approvalId);
      await late(stream.approve(approvalId));
      await late(stream.deny(approvalId));
    }
    await late(stream.deny(approvalId));
    expect(removed).toHaveLength(1);
  });

  test("needsApproval may look at the input; where it fails, the tool does not run", async () => {
    const careful = tool({
      name: "careful",
      description: "Careful",
      parameters: { type: "object" },
      needsApproval: (input) => {
        const { path } = input as { path: string };
        if (path === "odd") throw new Error("odd path");
        return path !== "safe";
      },
      execute: (input) => removed.push(input),
    });
    const replies = rounds(["safe", "other", "odd"].map((path) => call("careful", { path }, path)));
    const responses = await collected(
      scriptedModel({ replies }).chat.stream({ messages, tools: [careful], onApproval: () => false }),
    );
    expect(removed).toEqual([{ path: "safe" }]);
    expect(phases(responses).toSorted()).toEqual([
      "0 careful calling",
      "0 careful complete 1",
      "0 careful denied It was not allowed.",
      "0 careful failed tool_failed",
    ]);
  });
});
