import { asyncDispose } from "../stream/async-dispose.js";
import { checkCallOptions, signalOf } from "../request/call-options.js";
import { chatRequestJson } from "../request/chat-request.js";
import type { OnCall } from "./call-observer.js";
import { chatCalls, embeddingCalls, textCalls } from "./calls-of-streams.js";
import { type CommandAnswer, type CommandOptions, runCommand } from "./command.js";
import type { Feed } from "../stream/feed.js";
import { FixedFeed, refusedBy } from "../stream/fixed-feed.js";
import type { EmbeddingList, Response, ValidationErrorResponse } from "../generated/protocol.js";
import { LiveStream } from "../stream/live-stream.js";
import type { Mailboxes } from "./mailboxes.js";
import type { ChatCalls, EmbeddingCalls, Model, TextCalls } from "./model.js";
import type { ModelInfo, ModelStats, StepTrace } from "./model-info.js";
import type { ModelLog } from "./model-log.js";
import { embeddingList, type EmbeddingsValue } from "./embedding-list.js";
import { engineClosed, invalidRequest } from "../error/refusal.js";
import type { CallOptions, ChatRequest, CompletionRequest, FimRequest } from "../request/request.js";
import { requestJson } from "../request/request-json.js";
import type { ChatResponse, CompletionResponse } from "../response/response.js";
import { type StreamTerminals, chatTerminals, completionTerminals } from "../stream/stream-terminals.js";
import { TicketFeed } from "../stream/ticket-feed.js";
import { unreachable } from "../stream/unreachable.js";
import { WickError } from "../error/wick-error.js";

/** Models that nobody can reach any more are closed: their memory is not the collector's to see. */
const forgotten = unreachable<{ mailboxes: Mailboxes; id: number }>(({ mailboxes, id }) => {
  void runCommand(mailboxes, closeCommand(id)).then(
    () => mailboxes.dispose(),
    () => mailboxes.dispose(),
  );
});

/** A model in an engine. */
export class LocalModel implements Model {
  readonly info: ModelInfo;
  readonly chat: ChatCalls;
  readonly completions: TextCalls<CompletionRequest>;
  readonly fim: TextCalls<FimRequest>;
  readonly embeddings: EmbeddingCalls;
  readonly #mailboxes: Mailboxes;
  readonly #id: number;
  readonly #log: ModelLog | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param id - The engine's number of the model.
   * @param watchers - Who is told of its life, and of its calls, if anyone.
   */
  constructor(
    mailboxes: Mailboxes,
    id: number,
    info: ModelInfo,
    { log, onCall }: { log?: ModelLog | undefined; onCall?: OnCall | undefined } = {},
  ) {
    this.#mailboxes = mailboxes;
    this.#id = id;
    this.#log = log;
    this.info = info;
    this.chat = chatCalls(
      (request, options) => this.#chatStream(request, options),
      () => this.#chatTerminals({}),
      info.id,
      onCall,
    );
    const texts = (kind: "completion" | "fim") =>
      textCalls((request, options) => this.#completionStream(kind, request, options), { kind, model: info.id, onCall });
    this.completions = texts("completion");
    this.fim = texts("fim");
    this.embeddings = embeddingCalls(async (request, options) => this.#embed(request, options), {
      model: info.id,
      onCall,
    });
    forgotten.register(this, { mailboxes, id });
  }

  async tokenize(text: string, options: { special?: boolean } = {}): Promise<number[]> {
    if (typeof text !== "string") throw invalidRequest("text", "The text must be a string.");
    checkCallOptions(options, ["special"]);
    const special = options.special === true;
    return (await this.#ask("tokenize", `"text":${JSON.stringify(text)},"special":${special}`)) as number[];
  }

  async detokenize(tokens: readonly number[]): Promise<string> {
    return (await this.#ask("detokenize", `"tokens":${requestJson(tokens, "tokens")}`)) as string;
  }

  async applyChatTemplate(request: ChatRequest): Promise<string> {
    return (await this.#ask("apply_chat_template", `"request":${chatRequestJson(request, "local")}`)) as string;
  }

  async countTokens(request: ChatRequest): Promise<number> {
    return (await this.#ask("count_tokens", `"request":${chatRequestJson(request, "local")}`)) as number;
  }

  async logits(tokens: readonly number[], options: CallOptions & { last?: number | undefined } = {}) {
    checkCallOptions(options, ["last"]);
    const { signal, timeoutMs, last } = options;
    const rest = last === undefined ? "" : `,"last":${requestJson(last, "options.last")}`;
    const answer = await this.#run("logits", `"tokens":${requestJson(tokens, "tokens")}${rest}`, { signal, timeoutMs });
    if (answer.kind !== "result" || answer.vector === undefined) throw noAnswer("logits");
    return { tokens: (answer.value as { tokens: number[] }).tokens, logits: answer.vector };
  }

  stats(): ModelStats {
    return this.#answeredNow("stats") as ModelStats;
  }

  trace(): readonly StepTrace[] {
    return this.#answeredNow("trace") as StepTrace[];
  }

  #answeredNow(kind: "stats" | "trace"): unknown {
    this.#checkOpen();
    const json = this.#mailboxes.answerNow(kind, this.#id);
    if (json === null) throw noAnswer(kind);
    const event = JSON.parse(json);
    if (event.kind === "failed") throw new WickError(event.error);
    return event.value;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeNow();
    return this.#closing;
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeNow(): Promise<void> {
    forgotten.unregister(this);
    try {
      await runCommand(this.#mailboxes, closeCommand(this.#id));
      // The answer may have come without a ring; whoever closes has all of the log.
      this.#log?.tell();
    } catch (error) {
      // Its memory went with the instance.
      if (!WickError.isInstance(error) || error.code !== "instance_poisoned") throw error;
    } finally {
      this.#mailboxes.dispose();
    }
  }

  async #embed(request: unknown, options: CallOptions = {}): Promise<EmbeddingList> {
    checkCallOptions(options);
    const { signal, timeoutMs } = options;
    const answer = await this.#run("embeddings", `"request":${requestJson(request, "")}`, { signal, timeoutMs });
    if (answer.kind !== "result" || answer.vector === undefined) throw noAnswer("embeddings");
    return embeddingList(answer.value as EmbeddingsValue, answer.vector);
  }

  #chatStream(request: unknown, options: CallOptions = {}): LiveStream<ChatResponse> {
    const terminals = this.#chatTerminals(request);
    const feed = this.#feed("chat", () => chatRequestJson(request, "local"), options, terminals);
    return new LiveStream({ feed, terminals, signal: signalOf(options), owner: this });
  }

  #completionStream(
    kind: "completion" | "fim",
    request: unknown,
    options: CallOptions = {},
  ): LiveStream<CompletionResponse> {
    const terminals = completionTerminals(this.#partial(request));
    const feed = this.#feed(kind, () => requestJson(request, ""), options, terminals);
    return new LiveStream({ feed, terminals, signal: signalOf(options), owner: this });
  }

  /** The feed of a generation. A request that cannot be sent is a feed of its refusal. */
  #feed<R extends Response>(
    kind: "chat" | "completion" | "fim",
    json: () => string,
    options: CallOptions,
    terminals: StreamTerminals<R>,
  ): Feed<R | ValidationErrorResponse> {
    if (this.#closing !== undefined) return new FixedFeed(terminals.failed(engineClosed(this.info.id)));
    try {
      checkCallOptions(options);
      const timeout = options.timeoutMs === undefined ? "" : `,"timeoutMs":${options.timeoutMs}`;
      const command = `{"kind":"${kind}","model":${this.#id},"request":${json()}${timeout}}`;
      return new TicketFeed<R>(this.#mailboxes, command, terminals.delivered());
    } catch (error) {
      if (!WickError.isInstance(error)) throw error;
      return refusedBy(error);
    }
  }

  #chatTerminals(request: unknown) {
    return chatTerminals(this.#partial(request));
  }

  #partial(request: unknown) {
    const n = typeof request === "object" && request !== null && "n" in request ? request.n : 1;
    // More than the engine allows is refused there; here it must not become a huge array.
    return { model: this.info.id, choices: typeof n === "number" && n >= 1 && n <= 128 ? Math.floor(n) : 1 };
  }

  async #ask(kind: string, fields: string): Promise<unknown> {
    const answer = await this.#run(kind, fields);
    if (answer.kind !== "result") throw noAnswer(kind);
    return answer.value;
  }

  async #run(kind: string, fields: string, options?: CommandOptions): Promise<CommandAnswer> {
    this.#checkOpen();
    return runCommand(this.#mailboxes, `{"kind":"${kind}","model":${this.#id},${fields}}`, options);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new WickError(engineClosed(this.info.id));
  }
}

function closeCommand(id: number): string {
  return `{"kind":"close","model":${id}}`;
}

function noAnswer(kind: string): WickError {
  return new WickError({
    code: "internal",
    message: `The engine did not answer "${kind}". Please report this.`,
    retryable: false,
  });
}
