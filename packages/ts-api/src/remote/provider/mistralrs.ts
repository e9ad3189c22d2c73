import type { JsonObject } from "../../generated/protocol.js";
import type { SamplingRequest } from "../../request/request.js";
import { unsupported } from "../../error/refusal.js";
import { type Field, type Fields, isObject, refused } from "../request/fields.js";
import { wireMessages } from "../request/messages.js";
import { reasoningField } from "../request/reasoning.js";
import { responseFormatField } from "../request/response-format.js";
import { toolChoiceField, toolsField } from "../request/tools.js";
import { compatible, openaiMessages } from "./openai.js";
import type { Provider } from "./provider.js";

const host = "mistral.rs";

const dry: Field = (value) => {
  const { multiplier, base, allowedLength, sequenceBreakers } = isObject(value) ? value : {};
  return {
    ...(multiplier !== undefined && { dry_multiplier: multiplier }),
    ...(base !== undefined && { dry_base: base }),
    ...(allowedLength !== undefined && { dry_allowed_length: allowedLength }),
    ...(sequenceBreakers !== undefined && { dry_sequence_breakers: sequenceBreakers }),
  };
};

const sampling: Fields<SamplingRequest> = {
  ...compatible.chat.fields,
  topK: "top_k",
  minP: "min_p",
  repetitionPenalty: "repetition_penalty",
  dry,
  // It draws from one generator for all requests, and ignores a seed.
  randomSeed: refused(host),
  minTokens: refused(host),
  ignoreEos: "ignore_eos",
  priority: refused(host),
};

const grammar: Field = (format, where) => {
  if (isObject(format) && format["type"] === "regex")
    return { grammar: { type: "regex", value: format["regex"] ?? "" } };
  if (isObject(format) && format["type"] === "lark")
    return { grammar: { type: "lark", value: format["grammar"] ?? "" } };
  throw unsupported(where, `${where}: ${host} has no choices; write them as a regex.`);
};

/** `{ type: "server", … }`: the host's own tools, with what else it is to be told, such as `agent_permission: "ask"`. */
function hosted(tool: JsonObject): JsonObject {
  const { type, ...options } = tool;
  return type === "server" ? { max_tool_rounds: 8, ...options } : { tools: [tool] };
}

/** mistral.rs' own server: OpenAI's API, more ways to sample, and tools that it runs itself. */
export const mistralrs: Provider = {
  ...compatible,
  host,
  runsTools: true,
  // As of a prompt that is too long; its headers have said 200 by then.
  failsInWords: true,
  chat: {
    path: "/chat/completions",
    // Its last chunk says the usage unasked.
    always: { stream: true },
    fields: {
      ...compatible.chat.fields,
      ...sampling,
      messages: (messages) => wireMessages(messages, openaiMessages),
      tools: toolsField(host, hosted),
      toolChoice: toolChoiceField("required"),
      parallelToolCalls: refused(host),
      maxToolRounds: "max_tool_rounds",
      // Asked here, and answered at its own address.
      onApproval: () => ({}),
      responseFormat: responseFormatField(grammar),
      reasoning: reasoningField(refused(host)),
      chatTemplateKwargs: "chat_template_kwargs",
    },
  },
  completion: {
    path: "/completions",
    always: { stream: true },
    fields: { ...sampling, logprobs: refused(host), topLogprobs: "logprobs", prompt: "prompt", echo: "echo" },
  },
  fim: {
    path: "/completions",
    always: { stream: true },
    fields: { ...sampling, logprobs: refused(host), topLogprobs: "logprobs", prompt: "prompt", suffix: "suffix" },
  },
};
