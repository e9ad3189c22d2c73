import type {
  AgentResponse,
  ChunkDelta,
  PromptProgressResponse,
  TokenLogprob,
  ToolApprovalResponse,
  ToolCallDelta,
  ToolPhase,
  ToolProgressResponse,
} from "wick/remote";
import type { AnswerPart, ProsePart, ToolPart, ToolState } from "../conversation/turn.js";
import { GrowingMarkdown } from "../markdown/growing-markdown.js";
import { keepMarkdown } from "../markdown/part-markdown.js";

/** Text that comes. */
export interface LiveProse {
  readonly kind: "text" | "reasoning";
  readonly markdown: GrowingMarkdown;
  text: string;
}

/** A call of a tool that comes, asks or runs. */
export interface LiveTool {
  readonly kind: "tool";
  callId: string;
  name: string;
  input: string;
  output: string;
  state: ToolState;
}

/** A part of an answer that is still to come to its end. */
export type LivePart = LiveProse | LiveTool;

/** Puts together what is shown of an answer, while it comes. */
export class AnswerBuilder {
  readonly parts: LivePart[] = [];
  readonly logprobs: TokenLogprob[] = [];
  /** How far the prompt is, until the answer begins. */
  prompt: PromptProgressResponse | undefined;
  #round = 0;
  /** Calls of the round that are being written, by their index. */
  #written: LiveTool[] = [];

  /** Takes what a response adds. */
  add(response: AgentResponse | PromptProgressResponse, wallClock = Date.now()): void {
    switch (response.kind) {
      case "prompt_progress":
        this.prompt = response;
        break;
      case "chunk": {
        const [choice] = response.choices;
        this.prompt = undefined;
        if (response.round !== undefined && response.round !== this.#round) this.#begin(response.round);
        this.#addDelta(choice.delta);
        if (choice.logprobs !== undefined) this.logprobs.push(...choice.logprobs);
        break;
      }
      case "agentic_tool_call_progress":
        this.#progress(response);
        break;
      case "agentic_tool_approval_required":
        this.#ask(response, wallClock);
        break;
      case "done":
      case "validation_error":
      case "model_error":
      case "internal_error":
      case "cancelled":
        // What it says in whole has come in parts.
        this.#leave();
        break;
    }
  }

  /** The parts as they are kept. */
  settledParts(): AnswerPart[] {
    return this.parts.flatMap((part): AnswerPart[] => {
      if (part.kind === "tool") return [{ ...part } satisfies ToolPart];
      const settled: ProsePart = { kind: part.kind, text: part.text };
      keepMarkdown(settled, part.markdown);
      return [settled];
    });
  }

  #begin(round: number): void {
    this.#round = round;
    this.#written = [];
  }

  #addDelta({ reasoningContent, content, toolCalls = [] }: ChunkDelta): void {
    if (reasoningContent !== undefined) this.#addProse("reasoning", reasoningContent);
    if (content !== undefined) this.#addProse("text", content);
    for (const delta of toolCalls) this.#addCall(delta);
  }

  #addProse(kind: LiveProse["kind"], text: string): void {
    if (text === "") return;
    const last = this.parts.at(-1);
    const part = last?.kind === kind ? last : this.#newProse(kind);
    part.text += text;
    part.markdown.append(text);
  }

  #newProse(kind: LiveProse["kind"]): LiveProse {
    const last = this.parts.at(-1);
    if (last !== undefined && last.kind !== "tool") last.markdown.finish();
    const part: LiveProse = { kind, markdown: new GrowingMarkdown(), text: "" };
    this.parts.push(part);
    return part;
  }

  #addCall({ index, id, function: piece }: ToolCallDelta): void {
    const call = (this.#written[index] ??= this.#newTool(id ?? "", piece.name ?? ""));
    if (id !== undefined) call.callId = id;
    if (piece.name !== undefined) call.name = piece.name;
    call.input += piece.arguments ?? "";
  }

  #newTool(callId: string, name: string): LiveTool {
    const last = this.parts.at(-1);
    if (last !== undefined && last.kind !== "tool") last.markdown.finish();
    const part: LiveTool = { kind: "tool", callId, name, input: "", output: "", state: { kind: "written" } };
    this.parts.push(part);
    return part;
  }

  #progress({ callId, toolName, input, phase }: ToolProgressResponse): void {
    const part = this.#toolOf(callId, toolName);
    if (part.input === "") part.input = JSON.stringify(input);
    if (phase.kind === "output") part.output += phase.delta;
    else if (phase.kind === "complete") part.output = phase.output;
    part.state = stateOf(phase, part.state);
  }

  #ask(question: ToolApprovalResponse, wallClock: number): void {
    const { callId, toolName, input, approvalId, expiresInMs } = question;
    const part = this.#toolOf(callId, toolName);
    part.input = JSON.stringify(input);
    part.state = {
      kind: "asking",
      approvalId,
      ...(expiresInMs !== undefined && { expiresAt: wallClock + expiresInMs }),
    };
  }

  /** The call of that id that has not ended. Ids may come again in later rounds, and calls at a host were never written here. */
  #toolOf(callId: string, name: string): LiveTool {
    const known = this.parts.findLast(
      (part): part is LiveTool => part.kind === "tool" && part.callId === callId && !hasEnded(part.state),
    );
    if (known !== undefined) return known;
    return this.#newTool(callId, name);
  }

  #leave(): void {
    this.prompt = undefined;
    for (const part of this.parts) {
      if (part.kind !== "tool") part.markdown.finish();
      else if (part.state.kind === "asking" || part.state.kind === "calling") part.state = { kind: "left" };
    }
  }
}

function hasEnded({ kind }: ToolState): boolean {
  return kind === "complete" || kind === "failed" || kind === "denied" || kind === "left";
}

function stateOf(phase: ToolPhase, before: ToolState): ToolState {
  switch (phase.kind) {
    case "calling":
      return { kind: "calling" };
    case "output":
      return before.kind === "calling" ? before : { kind: "calling" };
    case "complete":
      return { kind: "complete", ...(phase.durationMs !== undefined && { durationMs: phase.durationMs }) };
    case "failed":
      return { kind: "failed", error: phase.error };
    case "denied":
      return { kind: "denied", ...(phase.reason !== undefined && { reason: phase.reason }) };
  }
}
