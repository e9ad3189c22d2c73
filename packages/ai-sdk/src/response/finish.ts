import type { LanguageModelV3FinishReason } from "@ai-sdk/provider";
import type {
  ChatChoice,
  ChatCompletion,
  Completion,
  CompletionChoice,
  FinishReason,
  JsonValue,
  ModelInfo,
  Usage,
} from "wick";
import type { WickMetadata, WickUsage } from "../sdk-types.js";

/** Why an answer ended, in both words. */
export function finishReasonOf(reason: FinishReason): LanguageModelV3FinishReason {
  return { unified: unifiedReason(reason), raw: reason };
}

/**
 * What a call cost, in the SDK's form. What nobody said is undefined, and not nothing.
 *
 * @param backend - An engine of ours leaves out counts that are zero, a host those that it does not know.
 */
export function usageOf(usage: Usage | undefined, backend: ModelInfo["backend"]): WickUsage {
  if (usage === undefined) {
    return {
      inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: undefined, text: undefined, reasoning: undefined },
    };
  }
  const unsaid = backend === "remote" ? undefined : 0;
  const { promptTokens, completionTokens, cachedTokens = unsaid, reasoningTokens = unsaid } = usage;
  return {
    inputTokens: {
      total: promptTokens,
      noCache: cachedTokens === undefined ? undefined : promptTokens - cachedTokens,
      cacheRead: cachedTokens,
      cacheWrite: undefined,
    },
    outputTokens: {
      total: completionTokens,
      text: reasoningTokens === undefined ? undefined : completionTokens - reasoningTokens,
      reasoning: reasoningTokens,
    },
    raw: { ...usage },
  };
}

/** What Wick says of an answer and the SDK has no place for. */
export function metadataOf(
  { choices, timings }: ChatCompletion | Completion,
  upstream: readonly JsonValue[],
): WickMetadata | undefined {
  const [{ stopReason, logprobs }] = choices;
  const wick = {
    ...(stopReason !== undefined && { stopReason }),
    ...(timings !== undefined && { timings }),
    ...(logprobs !== undefined && { logprobs }),
    ...(upstream.length > 0 && { upstream }),
  };
  return asMetadata(wick);
}

/** What a host demands with the reasoning when it comes back. */
export function signatureOf(choice: ChatChoice | CompletionChoice): WickMetadata | undefined {
  const reasoningSignature = "message" in choice ? choice.message.reasoningSignature : undefined;
  return asMetadata(reasoningSignature === undefined ? {} : { reasoningSignature });
}

/** Plain data of Wick is the SDK's, but for what may be written to. */
function asMetadata(wick: object): WickMetadata | undefined {
  return Object.keys(wick).length === 0 ? undefined : ({ wick } as WickMetadata);
}

function unifiedReason(reason: FinishReason): LanguageModelV3FinishReason["unified"] {
  switch (reason) {
    case "stop":
    case "length":
    case "error":
      return reason;
    case "tool_calls":
      return "tool-calls";
    case "content_filter":
      return "content-filter";
    case "cancelled":
      return "other";
  }
}
