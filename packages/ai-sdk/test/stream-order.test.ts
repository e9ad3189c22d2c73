import type { LanguageModelV3StreamPart } from "@ai-sdk/provider";
import { describe, expect, test } from "vitest";
import { MockLanguageModelV3 } from "ai/test";
import {
  StreamOrderError,
  type StreamOrderRule,
  type StreamOrderViolation,
  checkStreamOrder,
} from "../src/stream-order/index.ts";
import { read, rejection, versions } from "./versions.ts";

type Part = LanguageModelV3StreamPart;

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const start: Part = { type: "stream-start", warnings: [] };
const finishAs = (unified: "stop" | "length" | "tool-calls" | "error"): Part => ({
  type: "finish",
  usage,
  finishReason: { unified, raw: undefined },
});
const finish = finishAs("stop");
const error: Part = { type: "error", error: new Error("Boom.") };
const text = (id: string, ...deltas: string[]): Part[] => [
  { type: "text-start", id },
  ...deltas.map((delta): Part => ({ type: "text-delta", id, delta })),
  { type: "text-end", id },
];
const input = (id: string, ...deltas: string[]): Part[] => [
  { type: "tool-input-start", id, toolName: "f" },
  ...deltas.map((delta): Part => ({ type: "tool-input-delta", id, delta })),
  { type: "tool-input-end", id },
];
const call = (toolCallId: string, given: string, toolName = "f"): Part => ({
  type: "tool-call",
  toolCallId,
  toolName,
  input: given,
});
const approval: Part = { type: "tool-approval-request", approvalId: "x", toolCallId: "a" };

/** Parts as no type lets them be. */
const wrong = (part: object): Part => part as Part;

const streamOf = (parts: readonly Part[]): ReadableStream<Part> => ReadableStream.from(parts);

async function violationsOf(parts: readonly Part[]) {
  const violations: StreamOrderViolation[] = [];
  const passed = await read(
    checkStreamOrder(streamOf(parts), { onViolation: (violation) => void violations.push(violation) }),
  );
  expect(passed).toEqual(parts);
  return violations;
}

describe("streams that keep the order", () => {
  const good: [string, Part[]][] = [
    ["nothing but the frame", [start, finish]],
    ["a text", [start, { type: "response-metadata", id: "1" }, ...text("1", "a", "b"), finish]],
    ["an empty text", [start, ...text("1"), finish]],
    [
      "a text and a reasoning of the same id",
      [start, { type: "reasoning-start", id: "1" }, { type: "reasoning-end", id: "1" }, ...text("1"), finish],
    ],
    [
      "two texts at once",
      [
        start,
        { type: "text-start", id: "1" },
        { type: "text-start", id: "2" },
        { type: "text-end", id: "2" },
        { type: "text-end", id: "1" },
        finish,
      ],
    ],
    ["a call", [start, ...input("a", "{", "}"), call("a", "{}"), finishAs("tool-calls")]],
    ["a call without its input before", [start, call("a", "{}"), approval, finishAs("tool-calls")]],
    [
      "a call whose input is written as text",
      [
        start,
        wrong({ type: "tool-input-start", id: "a", toolName: "f", inputEncoding: "text" }),
        { type: "tool-input-delta", id: "a", delta: "x = 1\n" },
        { type: "tool-input-end", id: "a" },
        call("a", '"x = 1\\n"'),
        finish,
      ],
    ],
    ["a call that was cut", [start, ...input("a", "{"), finishAs("length")]],
    ["a failure, and a finish", [start, ...text("1", "a"), error, finishAs("error")]],
    ["a failure, and nothing more", [start, { type: "text-start", id: "1" }, error]],
    ["a failure while a call is written", [start, ...input("a", "{"), error, finish]],
    ["a failure without a word", [start, error]],
    ["pings at any time", [wrong({ type: "ping" }), start, wrong({ type: "ping" }), finish, wrong({ type: "ping" })]],
    ["kinds that nobody knows yet", [start, wrong({ type: "hologram" }), finish]],
    [
      "raw values, files, sources and results",
      [
        start,
        { type: "raw", rawValue: 1 },
        { type: "file", mediaType: "image/png", data: "AAAA" },
        { type: "source", sourceType: "url", id: "s", url: "https://example.com" },
        // Of a call of an earlier answer.
        { type: "tool-result", toolCallId: "z", toolName: "f", result: 1 },
        finish,
      ],
    ],
  ];

  test.each(good)("%s", async (_, parts) => {
    expect(await violationsOf(parts)).toEqual([]);
  });
});

describe("streams that break it", () => {
  const begun: Part = { type: "text-start", id: "1" };
  const delta: Part = { type: "text-delta", id: "1", delta: "a" };
  const end: Part = { type: "text-end", id: "1" };
  const broken: [StreamOrderRule, number, Part[], string?][] = [
    ["part_malformed", 1, [start, wrong({ kind: "text-start" }), finish]],
    ["part_malformed", 1, [start, wrong({ type: "text-start" }), finish]],
    ["part_malformed", 2, [start, begun, wrong({ type: "text-delta", id: "1", text: "a" }), end, finish]],
    ["part_malformed", 1, [start, wrong({ type: "tool-call", toolCallId: "a", toolName: "f", input: {} }), finish]],
    ["part_malformed", 1, [start, wrong({ type: "finish", usage, finishReason: "stop" })]],
    ["part_malformed", 1, [start, wrong({ type: "finish", finishReason: { unified: "stop" } })]],
    ["stream_start_missing", 0, [...text("1"), finish]],
    ["stream_start_missing", 0, [finish]],
    ["stream_start_missing", 0, [error]],
    ["stream_start_repeated", 1, [start, start, finish]],
    ["id_reused", 3, [start, ...text("1"), begun, finish], "1"],
    ["id_reused", 2, [start, begun, begun, finish], "1"],
    ["id_reused", 3, [start, ...input("a"), ...input("a"), finish], "a"],
    ["delta_before_start", 1, [start, delta, finish], "1"],
    ["delta_before_start", 3, [start, ...text("1"), { type: "reasoning-delta", id: "1", delta: "a" }, finish], "1"],
    ["delta_before_start", 1, [start, { type: "tool-input-delta", id: "a", delta: "{" }, finish], "a"],
    ["delta_after_end", 3, [start, ...text("1"), delta, finish], "1"],
    ["end_before_start", 1, [start, end, finish], "1"],
    ["end_repeated", 3, [start, ...text("1"), end, finish], "1"],
    ["block_left_open", 3, [start, begun, delta, finish], "1"],
    ["block_left_open", 3, [start, begun, error, finishAs("error")], "1"],
    ["block_left_open", 2, [start, { type: "reasoning-start", id: "r" }, finish], "r"],
    [
      "tool_call_before_input_end",
      2,
      [start, { type: "tool-input-start", id: "a", toolName: "f" }, call("a", ""), finish],
      "a",
    ],
    ["tool_call_input_differs", 4, [start, ...input("a", "{"), call("a", "{}"), finish], "a"],
    ["tool_call_name_differs", 3, [start, ...input("a"), call("a", "", "g"), finish], "a"],
    ["tool_call_repeated", 2, [start, call("a", "{}"), call("a", "{}"), finish], "a"],
    ["tool_input_without_call", 3, [start, ...input("a"), finish], "a"],
    ["tool_input_without_call", 3, [start, ...input("a"), finishAs("tool-calls")], "a"],
    ["approval_without_call", 1, [start, approval, finish], "a"],
    ["finish_missing", 3, [start, ...text("1")]],
    ["finish_missing", 0, []],
    ["finish_missing", 3, [start, error, { type: "raw", rawValue: 1 }]],
    ["finish_repeated", 2, [start, finish, finish]],
    ["part_after_finish", 2, [start, finish, ...text("1")]],
    ["part_after_finish", 2, [start, finish, error]],
  ];

  test.each(broken)("%s, at part %i", async (rule, index, parts, id) => {
    const part = parts[index];
    expect(await violationsOf(parts)).toEqual([
      {
        rule,
        index,
        message: expect.stringMatching(/\.$/),
        ...(part !== undefined && "type" in part && { partType: part.type }),
        ...(id !== undefined && { id }),
      },
    ]);
  });

  test("have a case for each rule", () => {
    const rules: Record<StreamOrderRule, true> = {
      part_malformed: true,
      stream_start_missing: true,
      stream_start_repeated: true,
      id_reused: true,
      delta_before_start: true,
      delta_after_end: true,
      end_before_start: true,
      end_repeated: true,
      block_left_open: true,
      tool_call_before_input_end: true,
      tool_call_input_differs: true,
      tool_call_name_differs: true,
      tool_call_repeated: true,
      tool_input_without_call: true,
      approval_without_call: true,
      finish_missing: true,
      finish_repeated: true,
      part_after_finish: true,
    };
    expect(new Set(broken.map(([rule]) => rule))).toEqual(new Set(Object.keys(rules)));
  });

  test("say the first violation alone", async () => {
    const violations = await violationsOf([delta, end, start, start]);
    expect(violations.map(({ rule }) => rule)).toEqual(["stream_start_missing"]);
  });

  test("do not repeat what the answer says", async () => {
    const secret = "the launch code";
    const parts: Part[] = [start, { type: "text-delta", id: "1", delta: secret }, finish];
    expect(JSON.stringify(await violationsOf(parts))).not.toContain(secret);
  });
});

describe("a checked stream", () => {
  const broken: Part[] = [start, { type: "text-delta", id: "1", delta: "a" }, finish];

  test("errors at the part, where nobody listens, and lets go of its source", async () => {
    const state = { cancelled: false };
    const source = new ReadableStream<Part>({
      start(controller) {
        for (const part of broken) controller.enqueue(part);
      },
      cancel() {
        state.cancelled = true;
      },
    });
    const reader = checkStreamOrder(source).getReader();
    expect((await reader.read()).value).toEqual(start);
    const thrown = await rejection(reader.read());
    expect(thrown).toBeInstanceOf(StreamOrderError);
    expect(thrown).toMatchObject({ violation: { rule: "delta_before_start", index: 1, id: "1" } });
    expect(String(thrown)).toContain("Part 1 of the stream");
    expect(state.cancelled).toBe(true);
  });

  test("errors at its end, too", async () => {
    expect(await rejection(read(checkStreamOrder(streamOf([start]))))).toMatchObject({
      violation: { rule: "finish_missing", index: 1 },
    });
  });

  test("passes an error of its source on, which breaks no rule", async () => {
    const boom = new Error("Boom.");
    const source = new ReadableStream<Part>({
      pull(controller) {
        controller.error(boom);
      },
    });
    expect(await rejection(read(checkStreamOrder(source)))).toBe(boom);
  });

  test("reads nothing before somebody reads, and cancels its source with the reason", async () => {
    const pulls: unknown[] = [];
    const source = new ReadableStream<Part>(
      {
        pull(controller) {
          pulls.push("pull");
          controller.enqueue(start);
        },
        cancel(reason) {
          pulls.push(reason);
        },
      },
      { highWaterMark: 0 },
    );
    const stream = checkStreamOrder(source);
    await Promise.resolve();
    expect(pulls).toEqual([]);
    const reader = stream.getReader();
    await reader.read();
    expect(pulls).toEqual(["pull"]);
    await reader.cancel("enough");
    expect(pulls).toEqual(["pull", "enough"]);
  });
});

test.each(versions)("it is a middleware of $name in a few lines, for any provider", async ({ ai }) => {
  const violations: StreamOrderViolation[] = [];
  const model = (parts: Part[]) =>
    ai.wrapLanguageModel({
      model: new MockLanguageModelV3({ doStream: async () => ({ stream: streamOf(parts) }) }),
      middleware: {
        wrapStream: async ({ doStream }) => {
          const { stream, ...rest } = await doStream();
          return {
            ...rest,
            stream: checkStreamOrder(stream, { onViolation: (violation) => void violations.push(violation) }),
          };
        },
      },
    });
  expect(await ai.streamText({ model: model([start, ...text("1", "Hi."), finish]), prompt: "Hi" }).text).toBe("Hi.");
  expect(violations).toEqual([]);
  const begun = { type: "text-start" as const, id: "1" };
  await ai.streamText({ model: model([start, begun, finish]), prompt: "Hi" }).consumeStream();
  expect(violations).toMatchObject([{ rule: "block_left_open", id: "1" }]);
});
