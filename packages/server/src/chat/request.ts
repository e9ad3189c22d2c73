import type { ChatRequest } from "wick";
import { z } from "zod";
import { invalid, unsupported } from "../error/failure.js";
import { messagesField, messagesOf } from "../wire/messages.js";
import { ignored, optional, set } from "../wire/optional.js";
import { responseFormatField, responseFormatOf } from "../wire/response-format.js";
import { samplingFields, samplingOf } from "../wire/sampling.js";
import { toolChoiceField, toolChoiceOf, toolsField, toolsOf } from "../wire/tools.js";

const tokens = z.int().min(1);
const hint = "it is of a host's own bookkeeping";

/** `POST /v1/chat/completions`: OpenAI's fields, Mistral's, and ours. */
export const chatCompletionRequest = z
  .object({
    model: optional(z.string()).describe("May be left out where the server has one model."),
    messages: messagesField,
    stream: optional(z.boolean()),
    stream_options: optional(
      z.object({
        include_usage: optional(z.boolean()).describe("Adds a last chunk with no choices and the usage."),
        include_obfuscation: optional(z.boolean()),
      }),
    ),
    ...samplingFields,
    max_tokens: optional(tokens),
    max_completion_tokens: optional(tokens).describe("OpenAI's newer name of `max_tokens`; it wins."),
    logprobs: optional(z.boolean()),
    top_logprobs: optional(z.int().min(0).max(20)),
    prompt_logprobs: optional(z.literal(false)).describe("Answers alone have log probabilities."),
    tools: optional(toolsField),
    tool_choice: optional(toolChoiceField),
    parallel_tool_calls: optional(z.boolean()),
    response_format: optional(responseFormatField),
    reasoning_effort: optional(z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    reasoning_max_tokens: optional(tokens).describe("Thinking is ended after so many tokens."),
    prompt_mode: optional(z.enum(["reasoning"])).describe("Mistral's; thoughts come as its `thinking` parts."),
    safe_prompt: optional(z.boolean()),
    chat_template_kwargs: optional(z.record(z.string(), z.unknown())),
    prompt_progress: optional(z.boolean()).describe("Of the wick form: tells how far the prompt is."),
    max_tool_rounds: optional(z.int().min(1)).describe("Of servers that run tools; this one runs none."),
    modalities: optional(z.array(z.string())),
    user: ignored(hint),
    metadata: ignored(hint),
    store: ignored("chats are not kept"),
    service_tier: ignored(hint),
    prompt_cache_key: ignored("prefixes are found by their tokens"),
    prompt_cache_retention: ignored("prefixes are found by their tokens"),
    safety_identifier: ignored(hint),
    prediction: ignored("it changes no answer, only its speed"),
    verbosity: ignored("models here have no such switch"),
  })
  .meta({ id: "CreateChatCompletionRequest" });

/** A body that fits it. */
export type ChatCompletionRequest = z.infer<typeof chatCompletionRequest>;

/**
 * The request in Wick's words.
 *
 * @throws {Failure} for what this server does not do.
 */
export function chatRequestOf(body: ChatCompletionRequest): ChatRequest {
  if (body.modalities?.some((modality) => modality !== "text") === true) {
    throw unsupported("modalities", "This server answers with text.");
  }
  if (body.top_logprobs !== undefined && body.top_logprobs !== null && body.logprobs !== true) {
    throw invalid("top_logprobs", "top_logprobs needs logprobs: true.");
  }
  const { tools, tool_choice: choice, response_format: format } = body;
  return {
    messages: messagesOf(body.messages),
    ...samplingOf(body),
    ...set({
      maxTokens: body.max_completion_tokens ?? body.max_tokens,
      logprobs: body.logprobs,
      topLogprobs: body.top_logprobs,
      tools: tools === undefined || tools === null || tools.length === 0 ? undefined : toolsOf(tools),
      toolChoice: choice === undefined || choice === null ? undefined : toolChoiceOf(choice),
      parallelToolCalls: body.parallel_tool_calls,
      responseFormat: format === undefined || format === null ? undefined : responseFormatOf(format),
      reasoning: reasoningOf(body),
      // Old clients of Mistral's always send false.
      safePrompt: body.safe_prompt === true ? true : undefined,
      chatTemplateKwargs: body.chat_template_kwargs as ChatRequest["chatTemplateKwargs"],
    }),
  };
}

function reasoningOf({
  reasoning_effort: effort,
  reasoning_max_tokens: maxTokens,
}: ChatCompletionRequest): ChatRequest["reasoning"] {
  // The most that templates know.
  const said = set({ effort: effort === "max" ? "xhigh" : effort, maxTokens });
  return Object.keys(said).length === 0 ? undefined : said;
}
