import { WickError } from "../error/wick-error.js";
import type { CancelReason, ChatCompletion, ErrorInfo, FinishReason, ToolCall, Usage } from "../generated/protocol.js";
import type { Message } from "../request/message.js";
import type { AgentResponse, ChatResponse } from "../response/response.js";
import { Accumulator } from "../response/accumulator.js";
import { type TerminalKind, isTerminal } from "../response/is-terminal.js";
import type { Feed } from "../stream/feed.js";
import type { LiveStream } from "../stream/live-stream.js";
import { type AgentPlan, agentPlan } from "./agent-plan.js";
import type { AgentRun } from "./agent-run.js";
import { PullQueue } from "./pull-queue.js";
import { ToolApprovals } from "./tool-approvals.js";
import { runTool } from "./tool-run.js";
import { totalUsage } from "./total-usage.js";

/** Calls of a round that run at once. */
const atOnce = 4;

type Terminal = Extract<ChatResponse, { kind: TerminalKind }>;

/**
 * Answers of a model and what its tools say to them, round after round, as one run.
 *
 * A response is taken from the model when the reader asks for one. Tools run beside the reader, and wait for it with what they
 * write piece by piece. After the terminal nothing is asked of the model any more, and every tool's signal has fired.
 */
export class AgentFeed implements Feed<AgentResponse> {
  readonly #run: AgentRun;
  readonly #plan: AgentPlan;
  readonly #queue = new PullQueue<AgentResponse>();
  readonly #tools = new AbortController();
  readonly approvals: ToolApprovals;
  #answer: LiveStream<ChatResponse> | undefined;
  /** What the reader has of the round that goes on. */
  #delivered: Accumulator;
  /** Messages of the rounds before. */
  readonly #transcript: Message[] = [];
  #usage: Usage | undefined;
  #left: CancelReason | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  /** @throws {@link WickError} for a request that cannot run. */
  constructor(run: AgentRun) {
    this.#run = run;
    this.#plan = agentPlan(run.request);
    this.#delivered = accumulator({ id: "not-started", model: run.model, created: now() });
    this.approvals = new ToolApprovals(() => this.#answer);
  }

  start(): void {
    const { timeoutMs } = this.#run.options ?? {};
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.cancel("timeout"), timeoutMs);
    void this.#go().then(
      (terminal) => this.#end(terminal),
      (error) => this.#end(this.#failed(error)),
    );
  }

  take(): AgentResponse | null {
    const response = this.#queue.take();
    if (response !== null) this.#delivered.add(response);
    return response;
  }

  whenReady(resume: () => void): void {
    this.#queue.whenReady(resume);
  }

  cancel(reason: CancelReason): void {
    if (this.#isOver || this.#left !== undefined) return;
    this.#left = reason;
    this.#queue.release();
    this.#tools.abort(new DOMException("The run has ended.", "AbortError"));
    this.#answer?.cancel();
  }

  release(): void {
    this.cancel("cancel");
  }

  /** From the first round to the terminal. */
  async #go(): Promise<AgentResponse> {
    const { messages: given, handedBack, rounds } = this.#plan;
    const messages = [...given];
    for (let round = 0; ; round += 1) {
      const terminal = await this.#relay(round, messages);
      if (this.#left !== undefined) return this.#cancelled(this.#left);
      if (terminal.kind !== "done") return this.#without(terminal);
      const { completion } = terminal;
      this.#usage = totalUsage(this.#usage, completion.usage);
      const [{ message, finishReason }] = completion.choices;
      const calls = message.toolCalls ?? [];
      const own = calls.filter(({ function: { name } }) => !handedBack.has(name));
      if (finishReason !== "tool_calls" || own.length === 0 || round >= rounds) {
        return { kind: "done", completion: this.#whole(completion, [message]) };
      }
      const results = await this.#runTools(own, round);
      if (this.#left !== undefined) return this.#cancelled(this.#left);
      if (own.length < calls.length) {
        return { kind: "done", completion: this.#whole(completion, [message, ...results]) };
      }
      this.#transcript.push(message, ...results);
      messages.push(message, ...results);
      // Every chunk of the round was taken before its end was asked for.
      this.#delivered = accumulator(completion);
    }
  }

  /** One answer of the model, handed on as the reader asks for it; its terminal. */
  async #relay(round: number, messages: readonly Message[]): Promise<Terminal> {
    const { rest } = this.#plan;
    // Forced once, it would call for ever.
    const { toolChoice, ...others } = rest;
    const choice = round === 0 || toolChoice === "none" ? { toolChoice } : {};
    const { headers } = this.#run.options ?? {};
    const options = headers === undefined ? undefined : { headers };
    this.#answer = this.#run.answer({ ...others, ...choice, messages }, options);
    if (this.#left !== undefined) this.#answer.cancel();
    const reader = this.#answer[Symbol.asyncIterator]();
    for (;;) {
      await this.#queue.wanted();
      const { done, value } = await reader.next();
      if (done === true) throw new Error("a stream ended without a terminal");
      if (isTerminal(value)) return value;
      if (this.#left === undefined) this.#queue.push(value.kind === "chunk" ? { ...value, round } : value);
    }
  }

  /** Runs calls side by side, or in order; what the model is told of each, in the order of the calls. */
  async #runTools(calls: readonly ToolCall[], round: number): Promise<Message[]> {
    const results: string[] = [];
    const left = calls.entries();
    const work = async () => {
      for (const [index, call] of left) {
        if (this.#left !== undefined) return;
        results[index] = await this.#runTool(call, round);
      }
    };
    const workers = Array.from({ length: this.#plan.isInOrder ? 1 : Math.min(atOnce, calls.length) }, work);
    await Promise.all(workers);
    return calls.map(({ id, function: { name } }, index) => ({
      role: "tool",
      toolCallId: id,
      name,
      content: results[index] ?? "",
    }));
  }

  #runTool(call: ToolCall, round: number): Promise<string> {
    const push = (response: AgentResponse) => {
      if (this.#left === undefined) this.#queue.push(response);
    };
    return runTool({
      call,
      runner: this.#plan.runners.get(call.function.name),
      round,
      approvals: this.approvals,
      onApproval: this.#plan.onApproval,
      signal: this.#tools.signal,
      tell: (phase, input) =>
        push({
          kind: "agentic_tool_call_progress",
          round,
          callId: call.id,
          toolName: call.function.name,
          input,
          phase,
        }),
      ask: push,
      wanted: () => this.#queue.wanted(),
    });
  }

  #end(terminal: AgentResponse): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#tools.abort(new DOMException("The run has ended.", "AbortError"));
    this.#queue.push(terminal);
  }

  /** Of rounds before, nothing is lost where one fails. */
  #without(terminal: Exclude<Terminal, { kind: "done" }>): AgentResponse {
    switch (terminal.kind) {
      case "validation_error":
        // The first request is refused as any is; of later ones there is a part.
        if (this.#transcript.length === 0) return terminal;
        return { kind: "internal_error", error: terminal.error, partial: this.#partial("error") };
      case "model_error":
      case "internal_error":
        this.#usage = totalUsage(this.#usage, terminal.partial.usage);
        return { ...terminal, partial: this.#partial("error") };
      case "cancelled":
        return this.#cancelled(terminal.reason);
    }
  }

  #cancelled(reason: CancelReason): AgentResponse {
    return { kind: "cancelled", reason, partial: this.#partial("cancelled") };
  }

  #failed(cause: unknown): AgentResponse {
    const error: ErrorInfo = WickError.isInstance(cause)
      ? cause.info
      : { code: "internal", message: `The tool loop broke: ${String(cause)}. Please report this.`, retryable: false };
    return { kind: "internal_error", error, partial: this.#partial("error") };
  }

  /** What the reader has so far. */
  #partial(finishReason: FinishReason): ChatCompletion {
    const completion = this.#delivered.chat(finishReason);
    return this.#whole(completion, [completion.choices[0].message]);
  }

  #whole(completion: ChatCompletion, last: readonly Message[]): ChatCompletion {
    const transcript = [...this.#transcript, ...last];
    return { ...completion, transcript, ...(this.#usage !== undefined && { usage: this.#usage }) };
  }
}

function accumulator({ id, model, created }: { id: string; model: string; created: number }): Accumulator {
  return new Accumulator({ id, model, created }, 1);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
