import type { LanguageModelV3CallOptions } from "@ai-sdk/provider";
import type { CallOptions, ChatRequest, FunctionTool, Model } from "wick";
import { callError } from "./error/call-error.js";
import { LazyModel } from "./lazy-model.js";
import { chatRequest } from "./request/chat-request.js";
import { completionRequest } from "./request/completion-request.js";
import { supportedUrls } from "./request/file-part.js";
import type { WickChatOptions, WickCompletionOptions } from "./request/wick-options.js";
import { generated } from "./response/generated.js";
import { partStream } from "./response/part-stream.js";
import type { WickLanguageModel } from "./sdk-types.js";
import { type Run, beginRun } from "./run.js";

/**
 * How a model of Wick is one of the SDK's.
 *
 * @example
 * ```ts
 * const options: WickModelOptions = { defaults: { minP: 0.05, reasoning: { maxTokens: 500 } } };
 * ```
 */
export interface WickModelOptions<O = WickChatOptions> {
  /** Fields of every request, below what a call says. */
  defaults?: O | undefined;
}

/** What a language model of the SDK is made of. */
interface LanguageModelInit {
  provider: string;
  modelId: string;
  model: LazyModel;
  /** Begins a call. `streams`: somebody sees how far it is. */
  begin(model: Model, options: LanguageModelV3CallOptions, streams: boolean): Promise<Run>;
}

/**
 * Makes a model of Wick a language model of the Vercel AI SDK, of versions 6 and 7: one that was loaded, natively or as
 * WebAssembly, or one at a host. Closing it stays the program's.
 *
 * @param model - From `Model.load` or `Model.connect`.
 *
 * @example
 * ```ts
 * import { wick } from "@wick/ai-sdk";
 * import { streamText } from "ai";
 * import { Model } from "wick";
 *
 * await using model = await Model.load("Qwen/Qwen3-0.6B-GGUF:Q8_0");
 * const { textStream } = streamText({ model: wick(model), prompt: "Why is the sky blue?" });
 * for await (const text of textStream) process.stdout.write(text);
 * ```
 */
export function wick(model: Model, options: WickModelOptions = {}): WickLanguageModel {
  return chatLanguageModel(model.info.id, new LazyModel(model), options);
}

/**
 * The same for raw text, without a chat template: the prompt is gone on from, or with `providerOptions.wick.suffix` a hole is filled.
 *
 * @param model - From `Model.load` or `Model.connect`.
 *
 * @example
 * ```ts
 * const { text } = await generateText({ model: wickCompletion(model), prompt: "Once upon a time", maxOutputTokens: 50 });
 * ```
 */
export function wickCompletion(model: Model, options: WickModelOptions<WickCompletionOptions> = {}): WickLanguageModel {
  return completionLanguageModel(model.info.id, new LazyModel(model), options);
}

/** Chats with a model that may have to be loaded first. */
export function chatLanguageModel(
  modelId: string,
  model: LazyModel,
  { defaults = {} }: WickModelOptions,
): WickLanguageModel {
  const provider = "wick.chat";
  return languageModel({
    provider,
    modelId,
    model,
    begin({ info, chat }, options, streams) {
      const call = chatRequest(options, defaults, info);
      // Tells that the engine has taken the request, so that the stream begins then and not at the first token.
      if (streams && info.backend !== "remote") call.request.promptProgress ??= true;
      const open = (request: ChatRequest<FunctionTool, boolean>, callOptions: CallOptions) =>
        chat.stream<FunctionTool, boolean>(request, callOptions);
      return beginRun(call, { provider, modelId }, open);
    },
  });
}

/** Raw text of a model that may have to be loaded first. */
export function completionLanguageModel(
  modelId: string,
  model: LazyModel,
  { defaults = {} }: WickModelOptions<WickCompletionOptions>,
): WickLanguageModel {
  const provider = "wick.completion";
  return languageModel({
    provider,
    modelId,
    model,
    begin({ info, completions, fim }, options) {
      const call = completionRequest(options, defaults, info);
      return beginRun(call, { provider, modelId }, (request, callOptions) =>
        "suffix" in request ? fim.stream(request, callOptions) : completions.stream(request, callOptions),
      );
    },
  });
}

/** A plain object, since the SDK wraps models in proxies, through which private members cannot be reached. */
function languageModel({ provider, modelId, model: lazy, begin }: LanguageModelInit): WickLanguageModel {
  async function start(options: LanguageModelV3CallOptions, streams: boolean): Promise<{ model: Model; run: Run }> {
    const model = await lazy.get(options.abortSignal).catch((error: unknown) => {
      throw callError(error, { provider, modelId });
    });
    return { model, run: await begin(model, options, streams) };
  }

  return {
    specificationVersion: "v3",
    provider,
    modelId,
    supportedUrls: { ...supportedUrls },
    async doGenerate(options) {
      const { model, run } = await start(options, false);
      return generated(run, model.info);
    },
    async doStream(options) {
      const { model, run } = await start(options, true);
      const stream = partStream(run, { backend: model.info.backend, isRaw: options.includeRawChunks === true });
      return { stream, request: { body: run.request } };
    },
  };
}
