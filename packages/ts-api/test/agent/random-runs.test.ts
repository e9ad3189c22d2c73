import { expect, test } from "vitest";
import { type AgentResponse, type ExecutableTool, type Response, isTerminal, tool } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { call } from "./agent-runs.js";

/** More of them are a campaign: `WICK_RUNS=20000`. */
const runs = Number(process.env["WICK_RUNS"] ?? 1000);
const messages = [{ role: "user" as const, content: "Go." }];
const object = { type: "object" } as const;

/** Numbers that follow from a seed. */
function drawn(seed: number) {
  let state = seed + 1;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface World {
  running: number;
  tools: readonly ExecutableTool[];
}

/** Tools that do what tools do wrong. */
function worldOf(draw: (below: number) => number): World {
  const world: { running: number } = { running: 0 };
  const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const kinds: Record<string, (signal: AbortSignal) => unknown> = {
    text: () => "x".repeat(draw(50)),
    json: () => ({ a: draw(9) }),
    nothing: () => {},
    throwing: () => {
      throw new Error("no");
    },
    rejecting: async () => {
      await later(draw(3));
      throw new Error("later");
    },
    hanging: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    large: () => "y".repeat(100_000),
    odd: () => "\ud800<|im_end|>",
    slow: () => later(draw(4)).then(() => "slow"),
    writing: async function* () {
      for (let left = draw(6); left > 0; left -= 1) {
        yield "w";
        if (draw(3) === 0) await later(1);
      }
    },
  };
  const tools = Object.entries(kinds).map(([name, act]) =>
    tool({
      name,
      description: name,
      parameters: object,
      timeoutMs: 15,
      needsApproval: draw(5) === 0,
      execute: (_, { signal }) => {
        world.running += 1;
        const over = () => (world.running -= 1);
        const result = (() => {
          try {
            return act(signal);
          } catch (error) {
            over();
            throw error;
          }
        })();
        if (result instanceof Promise) return result.finally(over);
        over();
        return result;
      },
    }),
  );
  return Object.assign(world, { tools });
}

/** A reply with calls of some tools, some of which are not there, or with arguments that are none. */
function replyOf(draw: (below: number) => number, tools: readonly ExecutableTool[], index: number): ScriptedReply {
  const { length } = tools;
  const calls = Array.from({ length: draw(5) }, (_, at) => {
    const name = draw(12) === 0 ? "missing" : (tools[draw(length)]?.name ?? "text");
    return call(name, draw(12) === 0 ? '{"a":' : {}, `${index}-${at}`);
  });
  const kinds = ["model_error", "internal_error"] as const;
  const end =
    draw(25) === 0 ? { kind: kinds[draw(2)] ?? "model_error", error: { code: "engine_failed" as const } } : undefined;
  return { text: draw(2) === 0 ? "" : "So. ", toolCalls: calls, end, ...(draw(3) === 0 && { delayMs: draw(2) }) };
}

function deltasOf(responses: readonly Response[], round: number): string {
  return responses
    .flatMap((response) => (response.kind === "chunk" && response.round === round ? response.choices : []))
    .map(
      ({ delta }) =>
        (delta.content ?? "") + (delta.toolCalls ?? []).map((part) => part.function.arguments ?? "").join(""),
    )
    .join("");
}

/** The laws, in what one run brought. */
function check(responses: readonly AgentResponse[]): void {
  const terminals = responses.filter((response) => isTerminal(response));
  expect(terminals).toHaveLength(1);
  const last = responses.at(-1);
  expect(last).toBe(terminals[0]);
  if (last === undefined || last.kind === "validation_error" || last.kind === "chunk" || !isTerminal(last)) return;
  const completion = last.kind === "done" ? last.completion : last.partial;
  const { transcript = [], choices } = completion;
  // Law 2, of every round: what was said is what stands in the transcript.
  const answers = transcript.filter((message) => message.role === "assistant");
  answers.forEach((message, round) => {
    const calls = (message.toolCalls ?? []).map((one) => one.function.arguments).join("");
    expect(`${String(message.content)}${calls}`).toBe(deltasOf(responses, round));
  });
  expect(answers.at(-1)).toEqual(choices[0].message);
  // Every call of a round before the last was answered, once and in order.
  for (const [at, message] of transcript.entries()) {
    if (message.role !== "assistant" || message === transcript.findLast(({ role }) => role === "assistant")) continue;
    const ids = (message.toolCalls ?? []).map(({ id }) => id);
    expect(transcript.slice(at + 1, at + 1 + ids.length)).toMatchObject(
      ids.map((toolCallId) => ({ role: "tool", toolCallId })),
    );
  }
  // Every call that began has ended, in a run that came to its end; none ends twice.
  const ended = new Map<string, number>();
  const began = new Set<string>();
  for (const response of responses) {
    if (response.kind !== "agentic_tool_call_progress") continue;
    const { callId, phase } = response;
    if (phase.kind === "calling") began.add(callId);
    else if (phase.kind !== "output") ended.set(callId, (ended.get(callId) ?? 0) + 1);
  }
  expect([...ended.values()].every((count) => count === 1)).toBe(true);
  if (last.kind === "done") expect([...began].every((callId) => ended.has(callId))).toBe(true);
}

async function run(seed: number): Promise<string> {
  const draw = drawn(seed);
  const world = worldOf(draw);
  const model = scriptedModel({
    replies: (_, index) => (index < draw(4) ? replyOf(draw, world.tools, index) : "That is it."),
  });
  const controller = new AbortController();
  const leaves = draw(4);
  const after = draw(12);
  const stream = model.chat.stream(
    { messages, tools: world.tools, maxToolRounds: 1 + draw(4), parallelToolCalls: draw(3) > 0 },
    { signal: controller.signal, ...(leaves === 3 && { timeoutMs: 1 + draw(20) }) },
  );
  const responses: AgentResponse[] = [];
  for await (const response of stream) {
    responses.push(response);
    if (response.kind === "agentic_tool_approval_required") {
      const { approvalId } = response;
      if (draw(2) === 0) void stream.approve(approvalId, { remember: draw(2) === 0 });
      else void stream.deny(approvalId);
    }
    if (responses.length !== after) continue;
    if (leaves === 1) stream.cancel();
    if (leaves === 2) controller.abort();
  }
  check(responses);
  await expect.poll(() => world.running, { interval: 1 }).toBe(0);
  return responses.at(-1)?.kind ?? "none";
}

/** A run that never ends is told by its seed. */
async function inTime<T>(running: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it does not end")), 10_000);
  });
  return Promise.race([running, late]).finally(() => clearTimeout(timer));
}

test(`${runs} random runs keep the laws, and leave no tool running`, async () => {
  const kinds = new Map<string, number>();
  const seeds = Array.from({ length: runs }, (_, seed) => seed);
  const work = async () => {
    for (;;) {
      const seed = seeds.shift();
      if (seed === undefined) return;
      const kind = await inTime(run(seed)).catch((cause: unknown) => {
        throw new Error(`seed ${seed}`, { cause });
      });
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
  // The runs end in every way that they can.
  expect([...kinds.keys()].toSorted()).toEqual(["cancelled", "done", "internal_error", "model_error"]);
}, 120_000);
