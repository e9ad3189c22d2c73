import type { SamplingRequest } from "../../request/request.js";
import { type Fields, isObject } from "../request/fields.js";
import { type MessageForm, contentField, wireMessages } from "../request/messages.js";
import { reasoningField } from "../request/reasoning.js";
import { responseFormatField } from "../request/response-format.js";
import { toolChoiceField, toolsField } from "../request/tools.js";
import { openaiMessages } from "./openai.js";
import type { Provider } from "./provider.js";

const host = "Wick's server";

/** OpenAI's messages, and what those have no place for. */
const messageForm: MessageForm = {
  ...openaiMessages,
  audio: (audio) => ({ type: "input_audio", input_audio: audio }),
  document: (url, name) => ({
    type: "document_url",
    document_url: url,
    ...(name !== undefined && { document_name: name }),
  }),
  thoughts: ({ content, reasoning, signature }) => ({
    ...contentField(content),
    reasoning_content: reasoning,
    ...(signature !== undefined && { reasoning_signature: signature }),
  }),
  prefix: () => ({ prefix: true }),
};

const sampling: Fields<SamplingRequest> = {
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  minP: "min_p",
  maxTokens: "max_tokens",
  stop: "stop",
  randomSeed: "seed",
  n: "n",
  minTokens: "min_tokens",
  ignoreEos: "ignore_eos",
  priority: "priority",
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
  repetitionPenalty: "repetition_penalty",
  dry: (dry) => {
    const { allowedLength, sequenceBreakers, ...same } = isObject(dry) ? dry : {};
    return {
      dry: {
        ...same,
        ...(allowedLength !== undefined && { allowed_length: allowedLength }),
        ...(sequenceBreakers !== undefined && { sequence_breakers: sequenceBreakers }),
      },
    };
  },
  logitBias: "logit_bias",
  logprobs: "logprobs",
  topLogprobs: "top_logprobs",
};

const streamed = { stream: true };

/** Our own server: OpenAI's requests with all of our fields, answered by responses as they are. */
export const wick: Provider = {
  host,
  wire: "responses",
  accept: "application/vnd.wick.response+sse, text/event-stream;q=0.9",
  tokenizes: true,
  runsTools: true,
  chat: {
    path: "/chat/completions",
    always: streamed,
    fields: {
      ...sampling,
      messages: (messages) => wireMessages(messages, messageForm),
      tools: toolsField(host, (tool) => ({ tools: [tool] })),
      toolChoice: toolChoiceField("required"),
      parallelToolCalls: "parallel_tool_calls",
      maxToolRounds: "max_tool_rounds",
      onApproval: () => ({}),
      responseFormat: responseFormatField("response_format"),
      reasoning: reasoningField("reasoning_max_tokens"),
      safePrompt: "safe_prompt",
      chatTemplateKwargs: "chat_template_kwargs",
      promptProgress: "prompt_progress",
    },
  },
  completion: { path: "/completions", always: streamed, fields: { ...sampling, prompt: "prompt", echo: "echo" } },
  fim: { path: "/fim/completions", always: streamed, fields: { ...sampling, prompt: "prompt", suffix: "suffix" } },
  embeddings: {
    path: "/embeddings",
    always: {},
    fields: { inputs: "input", dimensions: "dimensions", normalize: () => ({}) },
  },
};
