import { type ReadonlySignal, batch, signal } from "@preact/signals";
import {
  type AgentRequest,
  type AgentResponse,
  type ChatCompletion,
  type ErrorInfo,
  type Message,
  type Model,
  type PromptProgressResponse,
  type Timings,
  type Tool,
  type Usage,
  WickError,
  assertNever,
} from "wick/remote";
import type { AnswerTurn, Outcome } from "../conversation/turn.js";
import { newId } from "../page/identity.js";
import { AnswerBuilder } from "./answer-builder.js";
import { FramePacer, type FrameClock, screenClock } from "./frame-pacer.js";
import { ResponseLog } from "./response-log.js";
import { Speed } from "./speed.js";

/** Of each frame, taking Markdown apart may have so much. */
const markdownMs = 8;

/** What is asked, and of whom. */
export interface RunInit {
  model: Model;
  /** The question. */
  parent: string;
  request: Omit<AgentRequest, "promptProgress">;
  /** Takes the answer, in one change with the end of the run: nobody sees one without the other. */
  onEnd?: (answer: AnswerTurn) => void;
  clock?: FrameClock;
}

/** How a run came to its end. */
interface RunEnd {
  outcome: Outcome;
  messages: readonly Message[];
  usage?: Usage;
  timings?: Timings;
}

/** One answer on its way: reads the stream to its end, and says once a frame that there is something new. */
export class Run {
  /** That of the answer it becomes. */
  readonly id = newId();
  readonly parent: string;
  readonly modelName: string;
  readonly createdAt = Date.now();
  readonly builder = new AnswerBuilder();
  readonly log = new ResponseLog();
  readonly speed = new Speed();
  /** The answer, once the stream has ended. */
  readonly ended: Promise<AnswerTurn>;
  /** Counts what is drawn: who shows the run reads it. */
  readonly #frame = signal(0);
  readonly #isRunning = signal(true);
  readonly #clock: FrameClock;
  readonly #pacer: FramePacer;
  readonly #stream;
  readonly #beganAt: number;
  #firstDeltaMs: number | undefined;
  #endedAt: number | undefined;

  constructor({ model, parent, request, onEnd, clock = screenClock }: RunInit) {
    this.parent = parent;
    this.modelName = model.info.id;
    this.#clock = clock;
    this.#beganAt = clock.now();
    this.#pacer = new FramePacer(() => this.#draw(), clock);
    this.#stream = model.chat.stream<Tool, true>({ ...request, promptProgress: true });
    this.ended = this.#read().then((end) => {
      const answer = this.#answer(end);
      batch(() => {
        this.#isRunning.value = false;
        onEnd?.(answer);
      });
      return answer;
    });
  }

  get frame(): ReadonlySignal<number> {
    return this.#frame;
  }

  get isRunning(): ReadonlySignal<boolean> {
    return this.#isRunning;
  }

  /** From sending to the first delta. */
  get firstDeltaMs(): number | undefined {
    return this.#firstDeltaMs;
  }

  /** Since sending, or all of it. */
  get elapsedMs(): number {
    return (this.#endedAt ?? this.#clock.now()) - this.#beganAt;
  }

  /** Tokens per second just now. */
  get tokensPerSecond(): number | undefined {
    return this.speed.at(this.#clock.now());
  }

  /** Ends it; what has come stays. */
  stop(): void {
    this.#stream.cancel();
  }

  /** @throws WickError where nobody waits for the answer. */
  async approve(approvalId: string, remember: boolean): Promise<void> {
    await this.#stream.approve(approvalId, { remember });
  }

  /** @throws WickError where nobody waits for the answer. */
  async deny(approvalId: string, remember: boolean): Promise<void> {
    await this.#stream.deny(approvalId, { reason: "The user did not allow it.", remember });
  }

  /** What there is of it now, for a page that is about to go. */
  interrupted(): AnswerTurn {
    const text = this.builder.parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("");
    const messages: Message[] = text === "" ? [] : [{ role: "assistant", content: text }];
    return this.#answer({ outcome: { kind: "interrupted" }, messages });
  }

  async #read(): Promise<RunEnd> {
    let end: RunEnd | undefined;
    try {
      for await (const response of this.#stream) {
        this.#take(response);
        end = endOf(response) ?? end;
      }
      end ??= failed({ code: "internal", message: "The stream ended without an end.", retryable: true });
    } catch (error) {
      // A stream does not throw, unless something in Wick or this page is broken.
      const { code, message } = WickError.isInstance(error)
        ? error
        : { code: "internal" as const, message: String(error) };
      end = failed({ code, message, retryable: false });
    }
    this.#endedAt = this.#clock.now();
    this.#draw();
    return end;
  }

  #take(response: AgentResponse | PromptProgressResponse): void {
    const now = this.#clock.now();
    this.log.add(response, now - this.#beganAt);
    this.builder.add(response);
    if (response.kind === "chunk") {
      const [{ delta, logprobs }] = response.choices;
      const hasText = (delta.content ?? delta.reasoningContent ?? "") !== "" || delta.toolCalls !== undefined;
      if (hasText) {
        this.#firstDeltaMs ??= now - this.#beganAt;
        // A chunk is a token, but where a character has several, or several were drafted.
        this.speed.add(logprobs?.length ?? 1, now);
      }
    }
    this.#pacer.ask();
  }

  #draw(): void {
    const until = this.#clock.now() + markdownMs;
    let hasMore = false;
    for (const part of this.builder.parts) {
      if (part.kind === "tool" || part.markdown.isComplete) continue;
      hasMore = part.markdown.advance(Math.max(0, until - this.#clock.now())) || hasMore;
    }
    this.#frame.value += 1;
    if (hasMore) this.#pacer.ask();
  }

  #answer({ outcome, messages, usage, timings }: RunEnd): AnswerTurn {
    const { logprobs } = this.builder;
    return {
      kind: "answer",
      id: this.id,
      parent: this.parent,
      createdAt: this.createdAt,
      model: this.modelName,
      parts: this.builder.settledParts(),
      messages,
      outcome,
      ...(usage !== undefined && { usage }),
      ...(timings !== undefined && { timings }),
      ...(this.#firstDeltaMs !== undefined && { firstDeltaMs: this.#firstDeltaMs }),
      ...(logprobs.length > 0 && { logprobs }),
    };
  }
}

/** How a run ends with this response; nothing for one that does not end it. */
function endOf(response: AgentResponse | PromptProgressResponse): RunEnd | undefined {
  switch (response.kind) {
    case "done": {
      const { finishReason, stopReason } = response.completion.choices[0];
      const outcome: Outcome = { kind: "done", finishReason, ...(stopReason !== undefined && { stopReason }) };
      return { outcome, ...whole(response.completion) };
    }
    case "cancelled":
      return { outcome: { kind: "cancelled", reason: response.reason }, ...whole(response.partial) };
    case "validation_error":
      return failed(response.error, response.kind);
    case "model_error":
    case "internal_error":
      return { ...failed(response.error, response.kind), ...whole(response.partial) };
    case "chunk":
    case "prompt_progress":
    case "agentic_tool_call_progress":
    case "agentic_tool_approval_required":
      return undefined;
    default:
      return assertNever(response);
  }
}

function whole({ transcript, choices, usage, timings }: ChatCompletion): Omit<RunEnd, "outcome"> {
  return {
    messages: transcript ?? [choices[0].message],
    ...(usage !== undefined && { usage }),
    ...(timings !== undefined && { timings }),
  };
}

function failed(
  error: ErrorInfo,
  of: "validation_error" | "model_error" | "internal_error" = "internal_error",
): RunEnd {
  return { outcome: { kind: "failed", of, error }, messages: [] };
}
