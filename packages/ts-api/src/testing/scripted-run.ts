import { Accumulator } from "../response/accumulator.js";
import type { CancelReason, ErrorInfo, Response, Usage } from "../generated/protocol.js";
import { deltasOf, finishReasonOf, type ScriptedReply } from "./scripted-reply.js";

/** Chunks that a run is ready with before its reader takes them, as an engine has it. */
const readAhead = 16;

/** What is known of a call before it runs. */
export interface ScriptedRequest {
  kind: "chat" | "completion";
  id: string;
  model: string;
  created: number;
  choices: number;
  promptTokens: number;
  wantsProgress: boolean;
}

type End =
  | { kind: "done" | "hang" }
  | { kind: "cancelled"; reason: CancelReason }
  | { kind: "validation_error" | "model_error" | "internal_error"; error: ErrorInfo };

/** One generation from a script, obeying the laws of a stream. It does nothing before it is asked, but for its delays. */
export class ScriptedRun {
  readonly #request: ScriptedRequest;
  readonly #reply: ScriptedReply;
  readonly #delivered: Accumulator;
  readonly #events: Response[];
  #end: End;
  #taken = 0;
  #ready: number;
  #isOver = false;
  #isArmed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #ring: () => void;

  /** @param ring - Called when an event is ready for a reader who found none. */
  constructor(request: ScriptedRequest, reply: ScriptedReply, ring: () => void) {
    this.#request = request;
    this.#reply = reply;
    this.#ring = ring;
    this.#delivered = new Accumulator(request, request.choices);
    const chunks = chunksOf(request, reply);
    const { events, end } = cut(chunks, reply);
    const progress = request.wantsProgress && end.kind !== "validation_error" ? (reply.promptProgress ?? []) : [];
    this.#events = [...progress.map((event) => ({ kind: "prompt_progress" as const, ...event })), ...events];
    this.#end = end;
    this.#ready = reply.delayMs === undefined ? Infinity : 0;
    this.#tick();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  take(): Response | null {
    if (this.#isOver) return null;
    const event = this.#taken < this.#ready ? this.#events[this.#taken] : undefined;
    if (event !== undefined) {
      this.#taken += 1;
      this.#delivered.add(event);
      this.#tick();
      return event;
    }
    if (this.#taken < this.#events.length || this.#end.kind === "hang") {
      this.#isArmed = true;
      return null;
    }
    this.stop();
    return this.#terminal(this.#end);
  }

  cancel(reason: CancelReason): void {
    this.finish({ kind: "cancelled", reason });
  }

  /** Drops what is unread and ends with `end`. */
  finish(end: End): void {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    this.#events.length = this.#taken;
    this.#end = end;
    this.#wake();
  }

  /** Nothing comes any more, not even a terminal. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #tick(): void {
    const { delayMs } = this.#reply;
    const isDue = this.#ready < this.#events.length && this.#ready - this.#taken < readAhead;
    if (delayMs === undefined || this.#timer !== undefined || !isDue) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#ready += 1;
      this.#wake();
      this.#tick();
    }, delayMs);
  }

  #wake(): void {
    if (!this.#isArmed) return;
    this.#isArmed = false;
    this.#ring();
  }

  #terminal(end: End): Response {
    const isChat = this.#request.kind === "chat";
    this.#delivered.usage = this.#usage();
    switch (end.kind) {
      case "done":
      case "hang": {
        const stopReason = this.#reply.stopReason ?? { kind: "eos" };
        return isChat
          ? { kind: "done", completion: this.#delivered.chat("stop", stopReason) }
          : { kind: "completion_done", completion: this.#delivered.completion("stop", stopReason) };
      }
      case "validation_error":
        return { kind: "validation_error", error: end.error };
      case "model_error":
        return isChat
          ? { kind: "model_error", error: end.error, partial: this.#delivered.chat("error") }
          : { kind: "completion_model_error", error: end.error, partial: this.#delivered.completion("error") };
      case "internal_error":
        return isChat
          ? { kind: "internal_error", error: end.error, partial: this.#delivered.chat("error") }
          : { kind: "internal_error", error: end.error, partial: this.#delivered.completion("error") };
      case "cancelled":
        return isChat
          ? { kind: "cancelled", reason: end.reason, partial: this.#delivered.chat("cancelled") }
          : { kind: "cancelled", reason: end.reason, partial: this.#delivered.completion("cancelled") };
    }
  }

  #usage(): Usage {
    const completionTokens = this.#events.slice(0, this.#taken).filter(({ kind }) => kind !== "prompt_progress").length;
    const counted = { promptTokens: this.#request.promptTokens, completionTokens, ...this.#reply.usage };
    return { totalTokens: counted.promptTokens + counted.completionTokens, ...counted };
  }
}

function chunksOf(request: ScriptedRequest, reply: ScriptedReply): Response[] {
  const { id, model, created } = request;
  const deltas = deltasOf(reply);
  return deltas.flatMap((delta, step) =>
    Array.from({ length: request.choices }, (_, index): Response => {
      const finishReason = step === deltas.length - 1 ? finishReasonOf(reply) : null;
      const role = step === 0 ? { role: "assistant" as const } : {};
      return request.kind === "chat"
        ? { kind: "chunk", id, model, created, choices: [{ index, delta: { ...role, ...delta }, finishReason }] }
        : {
            kind: "completion_chunk",
            id,
            model,
            created,
            choices: [{ index, text: delta.content ?? "", finishReason }],
          };
    }),
  );
}

/** The chunks that come, and the end behind them. */
function cut(chunks: Response[], { end }: ScriptedReply): { events: Response[]; end: End } {
  if (end === undefined) return { events: chunks, end: { kind: "done" } };
  const after = end.kind === "validation_error" ? 0 : (end.after ?? chunks.length);
  const events = chunks.slice(0, after);
  switch (end.kind) {
    case "hang":
      return { events, end: { kind: "hang" } };
    case "cancelled":
      return { events, end: { kind: "cancelled", reason: end.reason ?? "cancel" } };
    case "validation_error":
    case "model_error":
    case "internal_error": {
      const error = { message: `Scripted ${end.kind}.`, retryable: false, ...end.error };
      return { events, end: { kind: end.kind, error } };
    }
  }
}
