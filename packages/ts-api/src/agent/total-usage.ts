import type { Usage } from "../generated/protocol.js";

/** Of both together; a figure that one of them does not have is the other's. */
export function totalUsage(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const total: Usage = {
    promptTokens: one.promptTokens + other.promptTokens,
    completionTokens: one.completionTokens + other.completionTokens,
    totalTokens: one.totalTokens + other.totalTokens,
  };
  for (const name of ["cachedTokens", "reasoningTokens"] as const) {
    if (one[name] !== undefined || other[name] !== undefined) total[name] = (one[name] ?? 0) + (other[name] ?? 0);
  }
  return total;
}
