import { describe, expect, test } from "vitest";
import { type AgentResponse, type ChatResponse, type ExecutableTool, isTerminal, tool } from "wick";
import { type ScriptedModel, scriptedModel } from "wick/testing";
import { runnerOf } from "../../src/request/executable.js";
import type { LiveStream } from "../../src/stream/live-stream.js";
import { call, collected, rounds } from "./agent-runs.js";

const messages = [{ role: "user" as const, content: "Wait." }];

/** A tool that hangs until its signal fires, and how that is. */
function hanging() {
  const seen = { began: 0, ended: 0 };
  const waiting: ExecutableTool = tool({
    name: "waiting",
    description: "Waits",
    parameters: { type: "object" },
    execute: (_, { signal }) => {
      seen.began += 1;
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          seen.ended += 1;
          reject(signal.reason);
        });
      });
    },
  });
  return { waiting, seen };
}

const model = (): ScriptedModel =>
  scriptedModel({ replies: rounds([call("waiting", {}, "id-1"), call("waiting", {}, "id-2")]) });

/** Reads until a tool has been called. */
async function untilCalling(stream: AsyncIterator<AgentResponse, void>): Promise<void> {
  for (;;) {
    const { value } = await stream.next();
    if (value?.kind === "agentic_tool_call_progress") return;
  }
}

describe("leaving while tools run", () => {
  test.each<[string, (stream: { cancel(): void }, controller: AbortController) => void, string]>([
    ["cancel()", (stream) => stream.cancel(), "cancel"],
    ["a signal", (_, controller) => controller.abort(), "signal"],
  ])("%s: cancelled, with what there is, and every tool's signal has fired", async (_, leave, reason) => {
    const { waiting, seen } = hanging();
    const controller = new AbortController();
    const stream = model().chat.stream({ messages, tools: [waiting] }, { signal: controller.signal });
    const responses: AgentResponse[] = [];
    for await (const response of stream) {
      responses.push(response);
      if (response.kind === "agentic_tool_call_progress") leave(stream, controller);
    }
    expect(responses.at(-1)).toMatchObject({
      kind: "cancelled",
      reason,
      partial: { transcript: [{ role: "assistant", toolCalls: [{ id: "id-1" }, { id: "id-2" }] }] },
    });
    expect(responses.filter((response) => isTerminal(response))).toHaveLength(1);
    expect(seen.ended).toBe(seen.began);
    expect(seen.began).toBeGreaterThan(0);
  });

  test("timeoutMs counts for all rounds together", async () => {
    const { waiting, seen } = hanging();
    const stream = model().chat.stream({ messages, tools: [waiting] }, { timeoutMs: 50 });
    const last = (await collected(stream)).at(-1);
    expect(last).toMatchObject({ kind: "cancelled", reason: "timeout" });
    expect(seen).toEqual({ began: 2, ended: 2 });
  });

  test("break, return() and dispose", async () => {
    for (const leave of ["break", "dispose"] as const) {
      const { waiting, seen } = hanging();
      const stream = model().chat.stream({ messages, tools: [waiting] });
      const reader = stream[Symbol.asyncIterator]();
      await untilCalling(reader);
      if (leave === "break") await reader.return?.();
      else await stream[Symbol.asyncDispose]();
      expect(seen).toEqual({ began: 2, ended: 2 });
      await expect(stream.final()).rejects.toMatchObject({ code: "cancelled" });
    }
  });

  test("a tool that hears no signal is not waited for", async () => {
    const deaf = tool({
      name: "waiting",
      description: "Waits",
      parameters: { type: "object" },
      execute: () => new Promise(() => {}),
    });
    const controller = new AbortController();
    const stream = model().chat.stream({ messages, tools: [deaf] }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    expect((await collected(stream)).at(-1)).toMatchObject({ kind: "cancelled" });
  });

  test("what a tool writes after that reaches nobody, and a generator is ended", async () => {
    let isClosed = false;
    const writing = tool({
      name: "waiting",
      description: "Writes",
      parameters: { type: "object" },
      async *execute() {
        try {
          for (;;) {
            yield "more";
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        } finally {
          isClosed = true;
        }
      },
    });
    const stream = model().chat.stream({ messages, tools: [writing] });
    let outputs = 0;
    for await (const response of stream) {
      if (response.kind !== "agentic_tool_call_progress" || response.phase.kind !== "output") continue;
      outputs += 1;
      if (outputs === 3) stream.cancel();
    }
    expect(outputs).toBe(3);
    await expect.poll(() => isClosed).toBe(true);
  });

  test("a reader that stops reading stops the writing", async () => {
    let written = 0;
    const writing = tool({
      name: "waiting",
      description: "Writes",
      parameters: { type: "object" },
      async *execute() {
        for (; written < 1000; written += 1) yield "more";
      },
    });
    const stream = scriptedModel({ replies: rounds([call("waiting", {})]) }).chat.stream({
      messages,
      tools: [writing],
    });
    const reader = stream[Symbol.asyncIterator]();
    await untilCalling(reader);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(written).toBeLessThan(3);
    await reader.return?.();
  });

  test("a reader that stops reading stops the model", async () => {
    const { waiting } = hanging();
    const text = Array.from({ length: 50 }, () => "word ");
    const one = scriptedModel({ replies: [{ text }] });
    let pulls = 0;
    const stream = runnerOf(waiting)?.stream({
      request: { messages, tools: [waiting] },
      options: undefined,
      model: "scripted",
      answer: () => {
        const answer = one.chat.stream({ messages }) as LiveStream<ChatResponse>;
        const reader = answer[Symbol.asyncIterator]();
        const counted = { next: () => ((pulls += 1), reader.next()) };
        return Object.defineProperty(answer, Symbol.asyncIterator, { value: () => counted });
      },
    });
    const reader = stream?.[Symbol.asyncIterator]();
    for (let read = 1; read <= 5; read += 1) {
      await reader?.next();
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(pulls).toBe(read);
    }
    await reader?.return?.();
  });

  test("while somebody is asked", async () => {
    const asking = tool({
      name: "waiting",
      description: "Asks",
      parameters: { type: "object" },
      needsApproval: true,
      execute: () => "ran",
    });
    const stream = model().chat.stream({ messages, tools: [asking] });
    const responses: AgentResponse[] = [];
    for await (const response of stream) {
      responses.push(response);
      if (response.kind === "agentic_tool_approval_required") stream.cancel();
    }
    expect(responses.at(-1)?.kind).toBe("cancelled");
  });

  test("before it begins, nothing runs", async () => {
    const { waiting, seen } = hanging();
    const one = model();
    const stream = one.chat.stream({ messages, tools: [waiting] });
    stream.cancel();
    expect(await collected(stream)).toMatchObject([{ kind: "cancelled", reason: "cancel" }]);
    expect([seen.began, one.calls]).toEqual([0, []]);
  });
});
