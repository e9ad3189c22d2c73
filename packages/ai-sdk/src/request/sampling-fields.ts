import type { LanguageModelV3CallOptions } from "@ai-sdk/provider";

/** What the SDK's options are called in Wick's requests. */
const fieldNames = {
  maxOutputTokens: "maxTokens",
  temperature: "temperature",
  topP: "topP",
  topK: "topK",
  presencePenalty: "presencePenalty",
  frequencyPenalty: "frequencyPenalty",
  stopSequences: "stop",
  seed: "randomSeed",
} as const satisfies Partial<Record<keyof LanguageModelV3CallOptions, string>>;

/** How tokens are chosen and when to end, as far as the call says. */
export function samplingFields(options: LanguageModelV3CallOptions): Record<string, unknown> {
  const fields = Object.entries(fieldNames).map(([option, field]): [string, unknown] => [
    field,
    options[option as keyof typeof fieldNames],
  ]);
  // The SDK has no stop strings as an empty list, too.
  return Object.fromEntries(
    fields.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}

/**
 * Fields without which an answer is still one, with the options they come from: where a host has not what one asks for, it is left
 * out and told, as the SDK wants it. How long an answer may be is none of them.
 *
 * @param given - Fields that the program sets under Wick's own name: they are kept to, or refused.
 */
export function optionalFields(given: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const names: [string, string][] = [
    ...Object.entries(fieldNames).map(([option, field]): [string, string] => [field, option]),
    ["reasoning", "reasoning"],
  ];
  return new Map(names.filter(([field]) => field !== "maxTokens" && given[field] === undefined));
}
