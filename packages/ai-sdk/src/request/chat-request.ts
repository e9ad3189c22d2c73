import type { LanguageModelV3CallOptions } from "@ai-sdk/provider";
import type { ChatRequest, FunctionTool, ModelInfo } from "wick";
import type { PreparedCall } from "../prepared-call.js";
import { callOptions } from "./call-options.js";
import { definedFields } from "./defined-fields.js";
import { functionTools, toolChoice } from "./function-tools.js";
import { promptMessages } from "./prompt-messages.js";
import { type WithReasoning, reasoningEffort } from "./reasoning-effort.js";
import { responseFormat } from "./response-format.js";
import { optionalFields, samplingFields } from "./sampling-fields.js";
import { Warnings } from "./warnings.js";
import { type WickChatOptions, wickOptions } from "./wick-options.js";

/**
 * A chat as Wick has it.
 *
 * @param defaults - Of the model, below what the call says.
 */
export function chatRequest(
  options: LanguageModelV3CallOptions & WithReasoning,
  defaults: WickChatOptions,
  info: ModelInfo,
): PreparedCall<ChatRequest<FunctionTool, boolean>> {
  const warnings = new Warnings();
  const given = wickOptions(options.providerOptions);
  const own = { ...defaults, ...given };
  const { reasoning: givenReasoning, ...others } = given;
  const effort = reasoningEffort(options, info, warnings);
  const reasoning = { ...defaults.reasoning, ...(effort !== undefined && { effort }), ...Object(givenReasoning) };
  return {
    request: {
      ...definedFields<ChatRequest<FunctionTool, boolean>>({
        ...defaults,
        ...samplingFields(options),
        tools: functionTools(options.tools, warnings),
        toolChoice: toolChoice(options.toolChoice),
        responseFormat: responseFormat(options.responseFormat, info) ?? defaults.responseFormat,
        // An effort and a limit go together, whoever says which.
        reasoning: Object.keys(reasoning).length > 0 ? reasoning : undefined,
        ...others,
        // An option of the call.
        timeoutMs: undefined,
      }),
      messages: promptMessages(options.prompt, warnings),
    },
    options: callOptions(options, { timeoutMs: own.timeoutMs, backend: info.backend }, warnings),
    warnings,
    optional: optionalFields(own),
  };
}
