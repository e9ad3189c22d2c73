import type { LanguageModelV3CallOptions, LanguageModelV3Prompt } from "@ai-sdk/provider";
import type { CompletionRequest, FimRequest, ModelInfo } from "wick";
import { invalidPrompt } from "../error/sdk-error.js";
import type { PreparedCall } from "../prepared-call.js";
import { callOptions } from "./call-options.js";
import { definedFields } from "./defined-fields.js";
import type { WithReasoning } from "./reasoning-effort.js";
import { optionalFields, samplingFields } from "./sampling-fields.js";
import { Warnings } from "./warnings.js";
import { type WickCompletionOptions, wickOptions } from "./wick-options.js";

/**
 * Raw text to go on from, or with `suffix` a hole to fill, as Wick has it.
 *
 * @param defaults - Of the model, below what the call says.
 * @throws `InvalidPromptError` for a prompt that is a conversation.
 */
export function completionRequest(
  options: LanguageModelV3CallOptions & WithReasoning,
  defaults: WickCompletionOptions,
  info: ModelInfo,
): PreparedCall<CompletionRequest | FimRequest> {
  const warnings = new Warnings();
  const { tools = [], responseFormat, reasoning = "provider-default" } = options;
  if (tools.length > 0) warnings.unsupported("tools", "Raw text has no tools; use the chat model.");
  if (responseFormat?.type === "json") {
    warnings.unsupported("responseFormat", "Raw text has no given form; use the chat model.");
  }
  if (reasoning !== "provider-default" && reasoning !== "none") {
    warnings.unsupported("reasoning", "Raw text has no reasoning; use the chat model.");
  }
  const given = wickOptions(options.providerOptions);
  const own = { ...defaults, ...given };
  return {
    request: {
      ...definedFields<CompletionRequest | FimRequest>({
        ...defaults,
        ...samplingFields(options),
        ...given,
        // An option of the call.
        timeoutMs: undefined,
      }),
      prompt: promptText(options.prompt),
    },
    options: callOptions(options, { timeoutMs: own.timeoutMs, backend: info.backend }, warnings),
    warnings,
    optional: optionalFields(own),
  };
}

function promptText(prompt: LanguageModelV3Prompt): string {
  const [message, ...others] = prompt;
  if (message?.role === "user" && others.length === 0) {
    const texts = message.content.map((part) => (part.type === "text" ? part.text : undefined));
    if (texts.every((text) => text !== undefined)) return texts.join("");
  }
  const why = "Raw text has no roles: pass one prompt of text, without instructions, or use the chat model.";
  throw invalidPrompt(prompt, why);
}
