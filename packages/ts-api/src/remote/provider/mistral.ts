import type { JsonValue } from "../../generated/protocol.js";
import type { SamplingRequest } from "../../request/request.js";
import { type Fields, refused, refusedUnlessOff } from "../request/fields.js";
import { type MessageForm, wireMessages } from "../request/messages.js";
import { reasoningField } from "../request/reasoning.js";
import { responseFormatField } from "../request/response-format.js";
import { nineLetterId } from "../request/tool-call-id.js";
import { toolChoiceField, toolsField } from "../request/tools.js";
import type { Provider } from "./provider.js";

const host = "Mistral's API";

/** Messages as Mistral has them (https://docs.mistral.ai/api). */
const messageForm: MessageForm = {
  image: (url, detail) => ({ type: "image_url", image_url: detail === undefined ? url : { url, detail } }),
  audio: (audio) => ({ type: "input_audio", input_audio: audio }),
  document: (url, name) => ({
    type: "document_url",
    document_url: url,
    ...(name !== undefined && { document_name: name }),
  }),
  thoughts({ content, reasoning, signature }) {
    const thinking: JsonValue = {
      type: "thinking",
      thinking: [{ type: "text", text: reasoning }],
      ...(signature !== undefined && { signature }),
      closed: true,
    };
    // One, and first: the host takes no other.
    const said: JsonValue = typeof content === "string" ? [{ type: "text", text: content }] : (content ?? []);
    return { content: [thinking, ...(Array.isArray(said) ? said : [])] };
  },
  prefix: () => ({ prefix: true }),
  toolCallId: nineLetterId,
};

const sampling: Fields<SamplingRequest> = {
  temperature: "temperature",
  topP: "top_p",
  topK: refused(host),
  minP: refused(host),
  maxTokens: "max_tokens",
  stop: "stop",
  randomSeed: "random_seed",
  n: "n",
  minTokens: refused(host),
  ignoreEos: refused(host),
  priority: refused(host),
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
  repetitionPenalty: refused(host),
  dry: refused(host),
  logitBias: refused(host),
  logprobs: refused(host),
  topLogprobs: refused(host),
};

/** Mistral's own hosts. Prompt mode, prediction, guardrails, cache key and service tier go through `extraBody`. */
export const mistral: Provider = {
  host,
  baseURL: "https://api.mistral.ai/v1",
  wire: "chunks",
  accept: "text/event-stream, application/json;q=0.9",
  chat: {
    path: "/chat/completions",
    always: { stream: true },
    fields: {
      ...sampling,
      messages: (messages) => wireMessages(messages, messageForm),
      tools: toolsField(host, (tool) => ({ tools: [tool] })),
      toolChoice: toolChoiceField("any"),
      parallelToolCalls: "parallel_tool_calls",
      maxToolRounds: refused(host),
      onApproval: refused(host),
      responseFormat: responseFormatField(refused(host)),
      reasoning: reasoningField(refused(host)),
      safePrompt: "safe_prompt",
      chatTemplateKwargs: refused(host),
      promptProgress: refusedUnlessOff(host),
    },
  },
  fim: {
    path: "/fim/completions",
    always: { stream: true },
    fields: {
      ...sampling,
      minTokens: "min_tokens",
      n: refused(host),
      frequencyPenalty: refused(host),
      presencePenalty: refused(host),
      prompt: "prompt",
      suffix: "suffix",
    },
  },
  embeddings: {
    path: "/embeddings",
    always: {},
    fields: { inputs: "input", dimensions: "output_dimension", normalize: () => ({}) },
  },
};
