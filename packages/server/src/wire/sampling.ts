import type { SamplingRequest } from "wick";
import { z } from "zod";
import { optional, set } from "./optional.js";

const safeInteger = z.int().min(0);
const utf8 = new TextEncoder();
const stopString = z
  .string()
  .min(1)
  .refine((text) => utf8.encode(text).length <= 256, "A stop string has at most 256 bytes of UTF-8")
  .refine((text) => !/\p{Surrogate}/u.test(text), "A stop string must be whole Unicode");

/** How tokens are chosen: OpenAI's fields, and those of ours that it has no name for. */
export const samplingFields = {
  temperature: optional(z.number().min(0).max(10)).describe("0 takes the likeliest token always."),
  top_p: optional(z.number().gt(0).max(1)),
  top_k: optional(z.int().min(0).max(2147483647)).describe("0 turns it off."),
  min_p: optional(z.number().min(0).max(1)),
  stop: optional(z.union([stopString, z.array(stopString).max(16)])),
  seed: optional(safeInteger).describe("The same seed gives the same bytes."),
  random_seed: optional(safeInteger).describe("Mistral's name of `seed`."),
  n: optional(z.int().min(1).max(8)),
  min_tokens: optional(safeInteger),
  ignore_eos: optional(z.boolean()),
  priority: optional(z.int().min(-100).max(100)).describe("Higher first."),
  frequency_penalty: optional(z.number().min(-2).max(2)),
  presence_penalty: optional(z.number().min(-2).max(2)),
  repetition_penalty: optional(z.number().gt(0).max(10)),
  dry: optional(
    z.object({
      multiplier: z.number().min(0).max(100),
      base: optional(z.number().min(1).max(10)),
      allowed_length: optional(z.int().min(1).max(2147483647)),
      sequence_breakers: optional(z.array(z.string().min(1).max(64)).max(64)),
    }),
  ),
  logit_bias: optional(z.record(z.string().regex(/^(?:0|[1-9]\d{0,9})$/, "A token id"), z.number().min(-100).max(100))),
};

type SamplingFields = z.infer<z.ZodObject<typeof samplingFields>>;

/** The same in Wick's words; `maxTokens` and log probabilities are each call's own. */
export function samplingOf(body: SamplingFields): SamplingRequest {
  const { dry } = body;
  return set({
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    minP: body.min_p,
    stop: body.stop,
    randomSeed: body.seed ?? body.random_seed,
    n: body.n,
    minTokens: body.min_tokens,
    ignoreEos: body.ignore_eos,
    priority: body.priority,
    frequencyPenalty: body.frequency_penalty,
    presencePenalty: body.presence_penalty,
    repetitionPenalty: body.repetition_penalty,
    logitBias: body.logit_bias,
    dry:
      dry === undefined || dry === null
        ? undefined
        : {
            multiplier: dry.multiplier,
            ...set({ base: dry.base, allowedLength: dry.allowed_length, sequenceBreakers: dry.sequence_breakers }),
          },
  });
}
