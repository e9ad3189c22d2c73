import type { ChatCompletion, Completion } from "wick";
import { countText, durationText } from "../output/quantity.js";

/** What an answer took, in words: `12 + 40 tokens, first after 0.1 s, 55.1 tokens per second`. */
export function statsText({ usage, timings }: ChatCompletion | Completion): string {
  const parts: string[] = [];
  if (usage !== undefined) {
    const cached = usage.cachedTokens === undefined || usage.cachedTokens === 0 ? "" : ` (${usage.cachedTokens} known)`;
    parts.push(`${usage.promptTokens}${cached} + ${countText(usage.completionTokens, "token")}`);
  }
  if (timings?.firstTokenMs !== undefined) parts.push(`first after ${durationText(timings.firstTokenMs)}`);
  if (timings?.tokensPerSecond !== undefined) parts.push(`${timings.tokensPerSecond.toFixed(1)} tokens per second`);
  if (timings?.draftedTokens !== undefined) {
    parts.push(`${timings.acceptedTokens ?? 0} of ${timings.draftedTokens} drafted tokens kept`);
  }
  return parts.length === 0 ? "Nothing is known of its time." : parts.join(", ");
}
