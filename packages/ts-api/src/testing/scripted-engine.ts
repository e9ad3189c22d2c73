import type { Engine } from "../backend.js";
import { schemaHash, type CancelReason, type ErrorInfo } from "../generated/protocol.js";
import type { ModelInfo } from "../model/model-info.js";
import { engineClosed } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";
import type { ChatRequest, CompletionRequest, FimRequest } from "../request/request.js";
import type { ScriptedCall } from "./scripted-call.js";
import { type ScriptedEmbeddings, scriptedEmbeddings } from "./scripted-embeddings.js";
import type { ScriptedReply } from "./scripted-reply.js";
import { type ScriptedRequest, ScriptedRun } from "./scripted-run.js";

/** The commands of the seam, as far as a script answers them. */
type ScriptedCommand =
  | (ScriptedCall & { timeoutMs?: number })
  | { kind: "tokenize"; text: string }
  | { kind: "detokenize"; tokens: number[] }
  | { kind: "apply_chat_template" | "count_tokens"; request: ChatRequest }
  | { kind: "embeddings"; request: unknown }
  | { kind: "load" | "stats" | "trace" | "close" | "estimate" | "logits" };

/** What the engine is a script of. */
export interface EngineScript {
  info: Omit<ModelInfo, "backend">;
  /** The reply to a generation. */
  reply(call: ScriptedCall): ScriptedReply;
  embeddings: ScriptedEmbeddings | undefined;
}

interface Ticket {
  run?: ScriptedRun;
  /** JSON of the events of a command that is not a generation. */
  events: string[];
  /** Goes with the last of them. */
  vector?: Float32Array;
  timer?: ReturnType<typeof setTimeout>;
}

/** A runtime that answers from a script, behind the same seam as the real ones. Its tokens are UTF-8 bytes. */
export class ScriptedEngine implements Engine {
  readonly #script: EngineScript;
  readonly #doorbell: () => void;
  readonly #tickets = new Map<number, Ticket>();
  readonly #woken = new Set<number>();
  #lastTicket = 0;

  constructor(script: EngineScript, doorbell: () => void) {
    this.#script = script;
    this.#doorbell = doorbell;
  }

  submit(json: string): number {
    const number = (this.#lastTicket += 1);
    const command: ScriptedCommand = JSON.parse(json);
    const ticket: Ticket = { events: [] };
    this.#tickets.set(number, ticket);
    if (isGeneration(command)) this.#run(number, ticket, command, command.timeoutMs);
    else ticket.events.push(JSON.stringify(this.#answer(command, ticket)));
    return number;
  }

  take(number: number): string | null {
    const ticket = this.#tickets.get(number);
    if (ticket === undefined) return null;
    const { run } = ticket;
    const event = run === undefined ? ticket.events.shift() : run.take();
    const isOver = run === undefined ? ticket.events.length === 0 && ticket.vector === undefined : run.isOver;
    if (isOver) this.#forget(number, ticket);
    if (typeof event === "string") return event;
    return event === undefined || event === null ? null : JSON.stringify(event);
  }

  takeVector(number: number): Float32Array | null {
    const ticket = this.#tickets.get(number);
    if (ticket?.vector === undefined) return null;
    this.#forget(number, ticket);
    return ticket.vector;
  }

  cancel(number: number, reason: CancelReason): void {
    this.#tickets.get(number)?.run?.cancel(reason);
  }

  release(number: number): void {
    const ticket = this.#tickets.get(number);
    if (ticket === undefined) return;
    ticket.run?.stop();
    this.#forget(number, ticket);
  }

  woken(): Uint32Array {
    const numbers = Uint32Array.from(this.#woken);
    this.#woken.clear();
    return numbers;
  }

  schemaHash(): string {
    return schemaHash;
  }

  #forget(number: number, ticket: Ticket): void {
    clearTimeout(ticket.timer);
    this.#tickets.delete(number);
  }

  #run(number: number, ticket: Ticket, { kind, request }: ScriptedCall, timeoutMs: number | undefined): void {
    const isChat = "messages" in request;
    const about: ScriptedRequest = {
      kind: isChat ? "chat" : "completion",
      id: `scripted-${number}`,
      model: this.#script.info.id,
      created: Math.floor(Date.now() / 1000),
      choices: request.n ?? 1,
      promptTokens: bytes(isChat ? templated(request) : promptOf(request)).length,
      wantsProgress: isChat && Boolean(request.promptProgress),
    };
    // The arms of the union, which destructuring took apart.
    ticket.run = new ScriptedRun(about, this.#script.reply({ kind, request } as ScriptedCall), () =>
      this.#wake(number),
    );
    if (timeoutMs !== undefined) ticket.timer = setTimeout(() => this.cancel(number, "timeout"), timeoutMs);
  }

  /** Rings in its own turn, once for all tickets that wake until JavaScript asks for them. */
  #wake(number: number): void {
    if (this.#woken.size === 0) queueMicrotask(this.#doorbell);
    this.#woken.add(number);
  }

  #answer(command: Exclude<ScriptedCommand, ScriptedCall>, ticket: Ticket): object {
    switch (command.kind) {
      case "load":
        return { kind: "loaded", model: 1, info: this.#script.info };
      case "tokenize":
        return result([...bytes(command.text)]);
      case "detokenize":
        return result(new TextDecoder().decode(Uint8Array.from(command.tokens)));
      case "apply_chat_template":
        return result(templated(command.request));
      case "count_tokens":
        return result(bytes(templated(command.request)).length);
      case "stats":
        return result(this.#stats());
      case "trace":
        return result([]);
      case "close":
        this.#close();
        return result(null);
      case "embeddings":
        return this.#embed(command.request, ticket);
      case "estimate":
      case "logits": {
        const message = `A scripted model does not do "${command.kind}".`;
        return { kind: "failed", error: { code: "unsupported", message, retryable: false } satisfies ErrorInfo };
      }
    }
  }

  #embed(request: unknown, ticket: Ticket): object {
    try {
      const { info, embeddings } = this.#script;
      const { value, vector } = scriptedEmbeddings(embeddings, info.id, request);
      ticket.vector = vector;
      return result(value);
    } catch (error) {
      if (!WickError.isInstance(error)) throw error;
      return { kind: "failed", error: error.info };
    }
  }

  #stats() {
    const running = this.#runs().length;
    return { running, queued: 0, parked: 0, kvBytesUsed: 0, kvBytesTotal: 0, cachedTokens: 0 };
  }

  #close(): void {
    const error = engineClosed(this.#script.info.id);
    for (const run of this.#runs()) run.finish({ kind: "internal_error", error });
  }

  #runs(): ScriptedRun[] {
    return [...this.#tickets.values()].flatMap(({ run }) => (run === undefined ? [] : [run]));
  }
}

function isGeneration(command: ScriptedCommand): command is ScriptedCall & { timeoutMs?: number } {
  return command.kind === "chat" || command.kind === "completion" || command.kind === "fim";
}

/** Everything a model would be fed. */
function promptOf(request: CompletionRequest | FimRequest): string {
  return `${request.prompt}${"suffix" in request ? request.suffix : ""}`;
}

function result(value: unknown) {
  return { kind: "result", value };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A template for those who need one: `role: content`, a line for each message. */
function templated({ messages }: ChatRequest): string {
  return messages
    .map(({ role, content }) => `${role}: ${typeof content === "string" ? content : JSON.stringify(content ?? "")}\n`)
    .join("");
}
