import type { Usage } from "../../generated/protocol.js";
import { isRecord } from "./json.js";

/** A host's usage; undefined where it says none. */
export function usageOf(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const count = (name: string) => countOf(value[name]);
  const promptTokens = count("prompt_tokens") ?? 0;
  const completionTokens = count("completion_tokens") ?? 0;
  const usage: Usage = {
    promptTokens,
    completionTokens,
    totalTokens: count("total_tokens") ?? promptTokens + completionTokens,
  };
  const cachedTokens = detail(value["prompt_tokens_details"], "cached_tokens") ?? count("num_cached_tokens");
  const reasoningTokens = detail(value["completion_tokens_details"], "reasoning_tokens");
  if (cachedTokens !== undefined) usage.cachedTokens = cachedTokens;
  if (reasoningTokens !== undefined) usage.reasoningTokens = reasoningTokens;
  return usage;
}

function detail(details: unknown, name: string): number | undefined {
  return isRecord(details) ? countOf(details[name]) : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
