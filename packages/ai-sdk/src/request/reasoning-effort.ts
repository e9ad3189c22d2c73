import type { ModelInfo } from "wick";
import type { Warnings } from "./warnings.js";

/** The option of `ai` 7, which `ai` 6 does not have. */
export interface WithReasoning {
  reasoning?: unknown;
}

/** How much the call asks the model to think, in Wick's words; undefined: as the model does by itself. */
export function reasoningEffort(
  { reasoning }: WithReasoning,
  { capabilities }: ModelInfo,
  warnings: Warnings,
): unknown | undefined {
  if (reasoning === undefined || reasoning === "provider-default") return undefined;
  if (!capabilities.reasoning) {
    if (reasoning !== "none") warnings.unsupported("reasoning", "This model has no reasoning that could be asked for.");
    return undefined;
  }
  if (reasoning !== "max") return reasoning;
  warnings.compatibility("reasoning", '"max" is asked for as "xhigh", the most that Wick has.');
  return "xhigh";
}
