import type { EmbeddingList, JsonObject, Response, ToolApprovalResponse } from "../generated/protocol.js";
import { engineClosed, invalidRequest, unsupported } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";
import type { OnCall } from "../model/call-observer.js";
import { chatCalls, embeddingCalls, textCalls } from "../model/calls-of-streams.js";
import type { ChatCalls, EmbeddingCalls, Model, TextCalls } from "../model/model.js";
import type { ModelInfo, ModelStats, StepTrace } from "../model/model-info.js";
import { checkCallOptions, signalOf } from "../request/call-options.js";
import { chatRequestJson } from "../request/chat-request.js";
import { requestJson } from "../request/request-json.js";
import type { CallOptions, ChatRequest, CompletionRequest, EmbeddingRequest, FimRequest } from "../request/request.js";
import type { ChatResponse, CompletionResponse } from "../response/response.js";
import { asyncDispose } from "../stream/async-dispose.js";
import type { BodyFeed } from "../stream/body-feed.js";
import { FixedFeed, refusedBy } from "../stream/fixed-feed.js";
import { LiveStream } from "../stream/live-stream.js";
import { protocolError } from "../stream/protocol-error.js";
import { answerOf } from "./answer.js";
import { embeddingsOf } from "./embeddings.js";
import type { Host } from "./host.js";
import type { Provider, RemoteCall } from "./provider/provider.js";
import { remoteFeed } from "./remote-feed.js";
import { type RemoteRequest, remoteRequest } from "./remote-request.js";
import { remoteTerminals } from "./remote-terminals.js";

/** What a remote model is made of. */
export interface RemoteModelInit {
  /** The host's name of it. */
  model: string;
  provider: Provider;
  host: Host;
  /** Merged into every request, below what the request says. */
  extraBody: JsonObject;
  /** Who is told of its calls. */
  onCall: OnCall | undefined;
}

/** A request that can be sent, and who decides for its tools. */
interface Prepared {
  request: RemoteRequest;
  onApproval?: ((approval: ToolApprovalResponse) => unknown) | undefined;
}

/** A model at a host. */
export class RemoteModel implements Model {
  readonly info: ModelInfo;
  readonly chat: ChatCalls;
  readonly completions: TextCalls<CompletionRequest>;
  readonly fim: TextCalls<FimRequest>;
  readonly embeddings: EmbeddingCalls;
  readonly #init: RemoteModelInit;
  /** What runs now. */
  readonly #live = new Set<Pick<BodyFeed<Response>, "fail">>();
  #isClosed = false;

  constructor(init: RemoteModelInit) {
    const { model, provider, onCall } = init;
    this.#init = init;
    // What this model can do is its host's to say, at the request.
    const capabilities = { tools: true, reasoning: true, fim: provider.fim !== undefined, embeddings: true };
    this.info = { id: model, backend: "remote", capabilities, warnings: [] };
    this.chat = chatCalls(
      (request, options) => this.#chatStream(request, options),
      () => remoteTerminals(model, "chat"),
      model,
      onCall,
    );
    this.completions = this.#textCalls("completion", provider.completion);
    this.fim = this.#textCalls("fim", provider.fim);
    this.embeddings = embeddingCalls(async (request, options) => this.#embed(request, options), { model, onCall });
  }

  async tokenize(text: string, options: { special?: boolean } = {}): Promise<number[]> {
    if (typeof text !== "string") throw invalidRequest("text", "The text must be a string.");
    checkCallOptions(options, ["special"]);
    const fields = { prompt: text, special: options.special === true };
    return (await this.#ask("tokenize", "/tokenize", fields, "tokens")) as number[];
  }

  async detokenize(tokens: readonly number[]): Promise<string> {
    const fields = { tokens: JSON.parse(requestJson(tokens, "tokens")) };
    return (await this.#ask("detokenize", "/detokenize", fields, "prompt")) as string;
  }

  async applyChatTemplate(): Promise<string> {
    throw this.#unsupported("applyChatTemplate", "shows no prompts");
  }

  async countTokens(request: ChatRequest): Promise<number> {
    const { body } = this.#chatRequest(request).request;
    return (await this.#ask("countTokens", "/tokenize", JSON.parse(body), "count")) as number;
  }

  async logits(): Promise<never> {
    throw this.#unsupported("logits", "gives no raw logits");
  }

  stats(): ModelStats {
    this.#checkOpen();
    // What the host does for others, and what its memory holds, is not known here.
    return { running: this.#live.size, queued: 0, parked: 0, kvBytesUsed: 0, kvBytesTotal: 0, cachedTokens: 0 };
  }

  trace(): readonly StepTrace[] {
    this.#checkOpen();
    return [];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const feed of this.#live) feed.fail(engineClosed(this.info.id));
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  #chatStream(request: unknown, options?: CallOptions): LiveStream<ChatResponse> {
    return this.#stream<ChatResponse>("chat", () => this.#chatRequest(request), options);
  }

  #textCalls<Q extends CompletionRequest | FimRequest>(
    kind: "completion" | "fim",
    call: RemoteCall<Q> | undefined,
  ): TextCalls<Q> {
    const { model, onCall } = this.#init;
    const prepare = (request: Q): Prepared => {
      if (call === undefined) throw this.#unsupported(kind === "fim" ? "fim" : "completions", "has no such call");
      return { request: this.#request(requestJson(request, ""), call, "prompt") };
    };
    return textCalls<Q>(
      (request, options) => this.#stream<CompletionResponse>("completion", () => prepare(request), options),
      { kind, model, onCall },
    );
  }

  /** A stream of what the host answers. A request that cannot be sent is a stream of its refusal. */
  #stream<R extends ChatResponse | CompletionResponse>(
    kind: "chat" | "completion",
    prepare: () => Prepared,
    options: CallOptions = {},
  ): LiveStream<R> {
    const model = this.info.id;
    const terminals = remoteTerminals<R>(model, kind);
    if (this.#isClosed)
      return new LiveStream({ feed: new FixedFeed(terminals.failed(engineClosed(model))), terminals });
    try {
      checkCallOptions(options, ["headers"]);
      const { headers, timeoutMs } = options;
      const { feed, approvals } = remoteFeed<R>({
        ...this.#init,
        kind,
        ...prepare(),
        headers,
        timeoutMs,
        onStart: () => this.#live.add(feed),
        onRelease: () => this.#live.delete(feed),
      });
      return new LiveStream({ feed, terminals, signal: signalOf(options), owner: this, approvals });
    } catch (error) {
      if (!WickError.isInstance(error)) throw error;
      // Every kind of call can be refused.
      const refusal: FixedFeed<Response> = refusedBy(error);
      return new LiveStream({ feed: refusal as FixedFeed<R>, terminals });
    }
  }

  #chatRequest(request: unknown): Prepared {
    const { chat, runsTools } = this.#init.provider;
    const { onApproval, ...rest } = Object(request) as { onApproval?: unknown };
    if (onApproval !== undefined && (runsTools !== true || typeof onApproval !== "function")) {
      throw this.#unsupported("onApproval", "does not ask; leave it out");
    }
    const decides = onApproval as Prepared["onApproval"];
    return { request: this.#request(chatRequestJson(rest, "remote"), chat, "messages"), onApproval: decides };
  }

  #request<Q>(json: string, call: RemoteCall<Q>, required: keyof Q & string): RemoteRequest {
    const { model, extraBody } = this.#init;
    return remoteRequest(json, call, { model, extraBody, required });
  }

  async #embed(request: EmbeddingRequest, options: CallOptions = {}): Promise<EmbeddingList> {
    this.#checkOpen();
    checkCallOptions(options, ["headers"]);
    const { provider, host, model } = this.#init;
    const { path, body, conversation } = this.#request(requestJson(request, ""), provider.embeddings, "inputs");
    const { headers, ...limits } = options;
    const answer = await answerOf(host, { path, body, conversation, headers, accept: "application/json" }, limits);
    const inputs = Array.isArray(request.inputs) ? request.inputs.length : 1;
    return embeddingsOf(answer, { model, inputs, isNormalized: request.normalize !== false });
  }

  /** One field of what a host of ours answers; it is of the same types as we are. */
  async #ask(name: string, path: string, fields: JsonObject, field: string): Promise<unknown> {
    this.#checkOpen();
    const { provider, host, model } = this.#init;
    if (provider.tokenizes !== true) throw this.#unsupported(name, "does not say how it cuts text into tokens");
    const body = JSON.stringify({ model, ...fields });
    const { value, text } = await answerOf(host, { path, body, conversation: "", accept: "application/json" });
    if (value[field] === undefined) throw protocolError(`The host's answer has no ${field}`, text);
    return value[field];
  }

  #unsupported(where: string, why: string): WickError {
    return unsupported(where, `${where}: ${this.#init.provider.host} ${why}.`);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new WickError(engineClosed(this.info.id));
  }
}
