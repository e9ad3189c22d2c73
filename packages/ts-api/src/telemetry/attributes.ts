import type { Attributes } from "@opentelemetry/api";
import type { Response } from "../generated/protocol.js";

/** Settings of a request, by the names of the conventions. */
const settings: Readonly<Record<string, string>> = {
  temperature: "gen_ai.request.temperature",
  topP: "gen_ai.request.top_p",
  topK: "gen_ai.request.top_k",
  maxTokens: "gen_ai.request.max_tokens",
  frequencyPenalty: "gen_ai.request.frequency_penalty",
  presencePenalty: "gen_ai.request.presence_penalty",
  randomSeed: "gen_ai.request.seed",
  n: "gen_ai.request.choice.count",
};

/** What a call asks for. Only numbers are taken: what they should be is not checked here. */
export function requestAttributes(model: string, request: unknown): Attributes {
  const given = typeof request === "object" && request !== null ? (request as Record<string, unknown>) : {};
  const said = Object.entries(settings).flatMap(([field, name]) => {
    const value = given[field];
    return typeof value === "number" ? [[name, value] as const] : [];
  });
  return { "gen_ai.provider.name": "wick", "gen_ai.request.model": model, ...Object.fromEntries(said) };
}

/** How a call ended. */
export function endAttributes(terminal: Response): Attributes {
  const answer = answerOf(terminal);
  const usage = answer !== undefined && "usage" in answer ? answer.usage : undefined;
  const choices = answer !== undefined && "choices" in answer ? answer.choices : undefined;
  return {
    "wick.end": terminal.kind,
    ...(answer !== undefined && { "gen_ai.response.model": answer.model }),
    ...(answer !== undefined && "id" in answer && { "gen_ai.response.id": answer.id }),
    ...(choices !== undefined && { "gen_ai.response.finish_reasons": choices.map(({ finishReason }) => finishReason) }),
    ...(usage !== undefined && {
      "gen_ai.usage.input_tokens": usage.promptTokens,
      "gen_ai.usage.output_tokens": usage.completionTokens,
    }),
    ...(usage?.cachedTokens !== undefined && { "gen_ai.usage.cache_read.input_tokens": usage.cachedTokens }),
  };
}

function answerOf(terminal: Response) {
  if ("completion" in terminal) return terminal.completion;
  if ("partial" in terminal) return terminal.partial;
  return terminal.kind === "embeddings" ? terminal.embeddings : undefined;
}
