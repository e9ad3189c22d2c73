import type { Usage } from "../generated/protocol.js";

/** Of both together, every figure that both have. */
export function totalUsage(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const total: Record<string, unknown> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const before = total[name];
    total[name] = typeof value === "number" && typeof before === "number" ? before + value : value;
  }
  return total as unknown as Usage;
}
