import type { SamplingRequest } from "../../request/request.js";
import { unsupported } from "../../error/refusal.js";
import { type Fields, refused, refusedUnlessOff, refusedButExtra } from "../request/fields.js";
import { type MessageForm, contentField, wireMessages } from "../request/messages.js";
import { reasoningField } from "../request/reasoning.js";
import { responseFormatField } from "../request/response-format.js";
import { toolChoiceField, toolsField } from "../request/tools.js";
import type { Provider } from "./provider.js";

const host = "OpenAI's API";

/** Messages as OpenAI has them (https://platform.openai.com/docs/api-reference/chat/create). */
export const openaiMessages: MessageForm = {
  image: (url, detail) => ({ type: "image_url", image_url: { url, ...(detail !== undefined && { detail }) } }),
  audio(audio, where) {
    const [, format, data] = /^data:audio\/(?:x-)?([a-z0-9]+);base64,(.*)$/s.exec(audio) ?? [];
    if (format === undefined || data === undefined) {
      throw unsupported(`${where}.inputAudio`, `${where}.inputAudio: ${host} takes a "data:audio/wav;base64,…" URL.`);
    }
    return { type: "input_audio", input_audio: { data, format: format === "mpeg" ? "mp3" : format } };
  },
  document(_url, _name, where) {
    throw unsupported(where, `${where}: ${host} takes no documents by URL; put their text in.`);
  },
  thoughts: ({ content, reasoning }) => ({ ...contentField(content), reasoning_content: reasoning }),
  prefix(where) {
    const instead = "vLLM takes extraBody: { continue_final_message: true, add_generation_prompt: false } instead";
    throw unsupported(where, `${where}: ${host} cannot go on from a message; ${instead}.`);
  },
  toolCallId: (id) => id,
};

const sampling: Fields<SamplingRequest> = {
  temperature: "temperature",
  topP: "top_p",
  topK: refusedButExtra(host, "top_k: 40"),
  minP: refusedButExtra(host, "min_p: 0.05"),
  maxTokens: "max_tokens",
  stop: "stop",
  randomSeed: "seed",
  n: "n",
  minTokens: refusedButExtra(host, "min_tokens: 8"),
  ignoreEos: refusedButExtra(host, "ignore_eos: true"),
  priority: refusedButExtra(host, "priority: 1"),
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
  repetitionPenalty: refusedButExtra(host, "repetition_penalty: 1.1"),
  dry: refusedButExtra(host, "dry_multiplier: 0.8"),
  logitBias: "logit_bias",
  logprobs: "logprobs",
  topLogprobs: "top_logprobs",
};

/** Usage comes when it is asked for alone. */
const streamed = { stream: true, stream_options: { include_usage: true } };

/** Of raw text, logprobs are a number: how many others are told, too. */
const completionSampling: Fields<SamplingRequest> = {
  ...sampling,
  logprobs: (wanted) => (wanted === true ? { logprobs: 0 } : {}),
  topLogprobs: "logprobs",
};

/** Hosts that call themselves compatible with OpenAI's API: vLLM, SGLang, TGI, llama.cpp, Ollama, LM Studio, … */
export const compatible: Provider = {
  host,
  wire: "chunks",
  accept: "text/event-stream, application/json;q=0.9",
  chat: {
    path: "/chat/completions",
    always: streamed,
    fields: {
      ...sampling,
      messages: (messages) => wireMessages(messages, openaiMessages),
      tools: toolsField(host),
      toolChoice: toolChoiceField("required"),
      parallelToolCalls: "parallel_tool_calls",
      maxToolRounds: refused(host),
      onApproval: refused(host),
      responseFormat: responseFormatField(refusedButExtra(host, 'guided_regex: "…"')),
      reasoning: reasoningField(refusedButExtra(host, "thinking_budget: 1000")),
      safePrompt: refused(host),
      chatTemplateKwargs: refusedButExtra(host, "chat_template_kwargs: { … }"),
      promptProgress: refusedUnlessOff(host),
    },
  },
  completion: {
    path: "/completions",
    always: streamed,
    fields: { ...completionSampling, prompt: "prompt", echo: "echo" },
  },
  fim: {
    path: "/completions",
    always: streamed,
    fields: { ...completionSampling, prompt: "prompt", suffix: "suffix" },
  },
  embeddings: {
    path: "/embeddings",
    always: {},
    // Lengths are made 1 here, whatever the host does.
    fields: { inputs: "input", dimensions: "dimensions", normalize: () => ({}) },
  },
};

/** OpenAI itself, where limits have another name, and an assistant's thoughts of earlier turns are not read. */
export const openai: Provider = {
  ...compatible,
  baseURL: "https://api.openai.com/v1",
  chat: {
    ...compatible.chat,
    fields: {
      ...compatible.chat.fields,
      maxTokens: "max_completion_tokens",
      messages: (messages) =>
        wireMessages(messages, { ...openaiMessages, thoughts: ({ content }) => contentField(content ?? "") }),
    },
  },
};
