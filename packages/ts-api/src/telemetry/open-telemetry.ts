import { type Context, type Span, SpanKind, SpanStatusCode, type Tracer, context, trace } from "@opentelemetry/api";
import type { ErrorInfo, Response, Timings, ToolProgressResponse } from "../generated/protocol.js";
import type { CallObserver, ModelCall, OnCall } from "../model/call-observer.js";
import { isTerminal } from "../response/is-terminal.js";
import { endAttributes, requestAttributes } from "./attributes.js";

/**
 * Where spans go.
 *
 * @example
 * ```ts
 * const options: TelemetryOptions = { tracer: trace.getTracer("my-program") };
 * ```
 */
export interface TelemetryOptions {
  /** Makes the spans; the global provider's tracer `wick`. */
  tracer?: Tracer | undefined;
}

/**
 * Spans for the calls of a model, by the conventions for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai):
 * `chat <model>` with `queue`, `prefill` and `decode` in it where the engine tells its times, and `execute_tool <name>` for each
 * tool that runs. They hold names, counts and settings; text of prompts and answers never.
 *
 * @example
 * ```ts
 * await using model = await Model.load("./model.gguf", { onCall: openTelemetry() });
 * ```
 */
export function openTelemetry({ tracer }: TelemetryOptions = {}): OnCall {
  return (call) => new CallSpan(call, tracer ?? trace.getTracer("wick"), context.active());
}

const operations = { chat: "chat", completion: "text_completion", fim: "text_completion", embeddings: "embeddings" };

/** The span of one call, and those in it. */
class CallSpan implements CallObserver {
  readonly #call: ModelCall;
  readonly #tracer: Tracer;
  readonly #parent: Context;
  #span: Span | undefined;
  #beganMs = 0;
  /** By the ids of their calls. */
  readonly #tools = new Map<string, Span>();

  constructor(call: ModelCall, tracer: Tracer, parent: Context) {
    this.#call = call;
    this.#tracer = tracer;
    this.#parent = parent;
  }

  begun(): void {
    const { kind, model, request } = this.#call;
    const operation = operations[kind];
    this.#beganMs = Date.now();
    const attributes = { "gen_ai.operation.name": operation, ...requestAttributes(model, request) };
    const options = { kind: SpanKind.CLIENT, attributes, startTime: this.#beganMs };
    this.#span = this.#tracer.startSpan(`${operation} ${model}`, options, this.#parent);
  }

  response(response: Response): void {
    if (response.kind === "agentic_tool_call_progress") this.#tool(response);
    if (isTerminal(response)) this.#end(response);
  }

  #tool({ callId, toolName, round, phase }: ToolProgressResponse): void {
    switch (phase.kind) {
      case "calling": {
        const attributes = {
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": toolName,
          "gen_ai.tool.call.id": callId,
          "wick.tool.round": round,
        };
        this.#tools.set(callId, this.#child(`execute_tool ${toolName}`, { attributes }));
        return;
      }
      case "output":
        return;
      case "complete":
        this.#endTool(callId);
        return;
      case "failed":
        this.#endTool(callId, phase.error);
        return;
      case "denied":
        this.#tools.get(callId)?.setAttribute("wick.tool.denied", true);
        this.#endTool(callId);
        return;
    }
  }

  #endTool(callId: string, error?: ErrorInfo): void {
    const span = this.#tools.get(callId);
    if (error !== undefined && span !== undefined) setFailed(span, error);
    span?.end();
    this.#tools.delete(callId);
  }

  #end(terminal: Response): void {
    for (const id of this.#tools.keys()) this.#endTool(id);
    const span = this.#span;
    if (span === undefined) return;
    span.setAttributes(endAttributes(terminal));
    if ("error" in terminal) setFailed(span, terminal.error);
    const timings = timingsOf(terminal);
    if (timings !== undefined) this.#phases(timings);
    span.end();
  }

  /** They are known at the end, and lie one behind the other from the beginning. */
  #phases({ queuedMs = 0, promptMs, decodeMs }: Timings): void {
    let at = this.#beganMs;
    for (const [name, ms] of [
      ["queue", queuedMs],
      ["prefill", promptMs],
      ["decode", decodeMs],
    ] as const) {
      if (ms === undefined) continue;
      this.#child(name, { startTime: at }).end(at + ms);
      at += ms;
    }
  }

  #child(name: string, options: Parameters<Tracer["startSpan"]>[1]): Span {
    const within = this.#span === undefined ? this.#parent : trace.setSpan(this.#parent, this.#span);
    return this.#tracer.startSpan(name, options, within);
  }
}

function setFailed(span: Span, { code }: ErrorInfo): void {
  span.setAttribute("error.type", code);
  // What a message says is for who called: it may name a tool's words.
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}

function timingsOf(terminal: Response): Timings | undefined {
  if ("completion" in terminal) return terminal.completion.timings;
  return "partial" in terminal && "timings" in terminal.partial ? terminal.partial.timings : undefined;
}
