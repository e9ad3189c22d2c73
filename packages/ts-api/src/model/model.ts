import type { ChatCompletion, Completion, EmbeddingList, RawResponse } from "../generated/protocol.js";
import type { ModelInfo, ModelStats, StepTrace } from "./model-info.js";
import type { CallOptions, ChatRequest, CompletionRequest, EmbeddingRequest, FimRequest } from "../request/request.js";
import type { ChatStream, ObjectStream, Parsed, ResponseStream } from "../stream/response-stream.js";
import type { CompletionResponse } from "../response/response.js";
import type { InferSchema, Schema } from "../request/schema.js";
import type { Tool } from "../request/tool.js";

/**
 * Chats with a model.
 *
 * @example
 * ```ts
 * const chat: ChatCalls = model.chat;
 * ```
 */
export interface ChatCalls {
  /**
   * Streams the answer. A request that cannot run is the stream's only response, `validation_error`.
   *
   * @param request - Read at once: changing it later changes nothing.
   * @param options - How it ends early.
   *
   * @example
   * ```ts
   * for await (const response of model.chat.stream({ messages: [{ role: "user", content: "Hi" }] })) {
   *   if (response.kind === "chunk") process.stdout.write(response.choices[0].delta.content ?? "");
   * }
   * ```
   */
  stream<T extends Tool = never, P extends boolean = false>(
    request: ChatRequest<T, P>,
    options?: CallOptions,
  ): ChatStream<T, P>;
  /**
   * The whole answer at once.
   *
   * @throws {@link WickError} with the partial answer, unless it comes to its end.
   *
   * @example
   * ```ts
   * const { choices: [{ message }] } = await model.chat.complete({ messages });
   * messages.push(message);
   * ```
   */
  complete<T extends Tool = never>(request: ChatRequest<T>, options?: CallOptions): Promise<ChatCompletion>;
  /**
   * The answer as a value that fits a schema: JSON Schema, or one of a library that writes its schemas as such (zod from 4.2,
   * ArkType, Valibot by `toStandardJsonSchema`). A local model can write nothing else, and its library then validates.
   *
   * @throws {@link WickError} `output_invalid` where the answer is no such value, mostly since it was cut; `partial` is the answer.
   * `grammar_invalid` and `grammar_limit` where no answer can be kept to the schema.
   *
   * @example
   * ```ts
   * const { parsed } = await model.chat.parse({ messages }, z.object({ city: z.string() }));
   * ```
   */
  parse<const S extends Schema>(
    request: Omit<ChatRequest, "responseFormat">,
    schema: S,
    options?: CallOptions,
  ): Promise<Parsed<InferSchema<S>>>;
  /**
   * The same, streamed.
   *
   * @example
   * ```ts
   * for await (const partial of model.chat.parseStream({ messages }, schema).partials()) render(partial);
   * ```
   */
  parseStream<const S extends Schema>(
    request: Omit<ChatRequest, "responseFormat">,
    schema: S,
    options?: CallOptions,
  ): ObjectStream<InferSchema<S>>;
}

/**
 * Calls that give raw text.
 *
 * @example
 * ```ts
 * const calls: TextCalls<CompletionRequest> = model.completions;
 * ```
 */
export interface TextCalls<Q> {
  /**
   * Streams the text.
   *
   * @example
   * ```ts
   * for await (const piece of model.completions.stream({ prompt: "Once" }).text()) process.stdout.write(piece);
   * ```
   */
  stream(request: Q, options?: CallOptions): ResponseStream<CompletionResponse>;
  /**
   * The whole text at once.
   *
   * @throws {@link WickError} with the partial text, unless it comes to its end.
   *
   * @example
   * ```ts
   * const { choices: [{ text }] } = await model.completions.complete({ prompt: "Once", maxTokens: 20 });
   * ```
   */
  complete(request: Q, options?: CallOptions): Promise<Completion>;
}

/**
 * Calls that give vectors.
 *
 * @example
 * ```ts
 * const calls: EmbeddingCalls = model.embeddings;
 * ```
 */
export interface EmbeddingCalls {
  /**
   * One vector for each text: the states of its tokens after the last layer, pooled as the model's files say, else the last
   * token's. Of length 1 unless `normalize` is false. A text is taken as it is: prefixes that a model wants are the program's.
   *
   * @example
   * ```ts
   * const { data } = await model.embeddings.create({ inputs: ["red", "blue"] });
   * ```
   */
  create(request: EmbeddingRequest, options?: CallOptions): Promise<EmbeddingList>;
}

/**
 * A loaded model. Closed by `await using`, or by hand.
 *
 * @example
 * ```ts
 * await using model = await Model.load("./model.gguf");
 * console.error(model.info.architecture, model.info.contextLength);
 * ```
 */
export interface Model extends AsyncDisposable {
  /** What was loaded. */
  readonly info: ModelInfo;
  /** Chats. */
  readonly chat: ChatCalls;
  /** Raw text, without a chat template. */
  readonly completions: TextCalls<CompletionRequest>;
  /** Code with a hole, for models that can fill it in: `info.capabilities.fim`. */
  readonly fim: TextCalls<FimRequest>;
  /** Vectors of texts. */
  readonly embeddings: EmbeddingCalls;
  /**
   * The ids of a text.
   *
   * @param text - Taken as text; with `special`, control tokens spelled in it become control tokens.
   *
   * @example
   * ```ts
   * const { length } = await model.tokenize("How many tokens is this?");
   * ```
   */
  tokenize(text: string, options?: { special?: boolean }): Promise<number[]>;
  /**
   * The text of ids, control tokens spelled out.
   *
   * @example
   * ```ts
   * const text = await model.detokenize(await model.tokenize("and back"));
   * ```
   */
  detokenize(tokens: readonly number[]): Promise<string>;
  /**
   * The prompt that a chat becomes.
   *
   * @example
   * ```ts
   * console.debug(await model.applyChatTemplate({ messages }));
   * ```
   */
  applyChatTemplate(request: ChatRequest): Promise<string>;
  /**
   * How many tokens that prompt has.
   *
   * @example
   * ```ts
   * if ((await model.countTokens({ messages })) > 4000) messages.splice(1, 2);
   * ```
   */
  countTokens(request: ChatRequest): Promise<number>;
  /**
   * Raw logits of a text's tokens, as the model computes them.
   *
   * @param tokens - The text.
   * @param options - `last`: for so many tokens from the end; 1.
   * @returns The tokens whose rows these are, and the rows: `(tokens.length, vocabulary)`, row-major.
   *
   * @example
   * ```ts
   * const { logits } = await model.logits(await model.tokenize("The sky is"));
   * const likeliest = logits.indexOf(Math.max(...logits));
   * ```
   */
  logits(
    tokens: readonly number[],
    options?: CallOptions & { last?: number | undefined },
  ): Promise<Omit<RawResponse, "kind">>;
  /**
   * What the engine is doing with this model now.
   *
   * @example
   * ```ts
   * const { running, queued } = model.stats();
   * ```
   */
  stats(): ModelStats;
  /**
   * The engine's last steps, the oldest first: at most 256, and each is told once.
   *
   * @example
   * ```ts
   * for (const { sequences, forwardMs } of model.trace()) console.error(sequences, forwardMs);
   * ```
   */
  trace(): readonly StepTrace[];
  /**
   * Frees the model; what `await using` calls. Live streams end with `engine_closed`, and so does every later call. Idempotent.
   *
   * @example
   * ```ts
   * await model.close();
   * ```
   */
  close(): Promise<void>;
}
