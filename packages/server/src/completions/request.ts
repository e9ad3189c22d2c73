import type { CompletionRequest, FimRequest } from "wick";
import { z } from "zod";
import { ignored, optional, set } from "../wire/optional.js";
import { samplingFields, samplingOf } from "../wire/sampling.js";

const tokens = z.int().min(1);
const tokenIds = z.array(z.int().min(0)).min(1);
/** Prompts of one request. */
const mostPrompts = 32;

const shared = {
  model: optional(z.string()).describe("May be left out where the server has one model."),
  stream: optional(z.boolean()),
  stream_options: optional(
    z.object({ include_usage: optional(z.boolean()), include_obfuscation: optional(z.boolean()) }),
  ),
  ...samplingFields,
  max_tokens: optional(tokens),
  user: ignored("it is of a host's own bookkeeping"),
  metadata: ignored("it is of a host's own bookkeeping"),
  prompt_cache_key: ignored("prefixes are found by their tokens"),
};

/** `POST /v1/completions` */
export const completionRequest = z
  .object({
    ...shared,
    prompt: z
      .union([
        z.string(),
        tokenIds,
        z.array(z.string()).min(1).max(mostPrompts),
        z.array(tokenIds).min(1).max(mostPrompts),
      ])
      .describe("Text or token ids; of several prompts, the choices of one follow those of the one before."),
    suffix: optional(z.string()).describe("What comes after the hole: the model fills in between."),
    echo: optional(z.boolean()),
    logprobs: optional(z.union([z.int().min(0).max(20), z.boolean()])).describe("How many others, of each token."),
    top_logprobs: optional(z.int().min(0).max(20)),
  })
  .meta({ id: "CreateCompletionRequest" });

/** A body that fits it. */
export type CompletionBody = z.infer<typeof completionRequest>;

/** The requests in Wick's words, one for each prompt. */
export function completionRequestsOf(body: CompletionBody): CompletionRequest[] {
  const { logprobs } = body;
  const rest = {
    ...samplingOf(body),
    ...set({
      maxTokens: body.max_tokens,
      echo: body.echo,
      logprobs: logprobs === undefined || logprobs === null ? undefined : logprobs !== false,
      topLogprobs: typeof logprobs === "number" ? logprobs : body.top_logprobs,
    }),
  };
  return promptsOf(body.prompt).map((prompt) => ({ prompt, ...rest }));
}

function promptsOf(prompt: CompletionBody["prompt"]): (string | number[])[] {
  if (typeof prompt === "string") return [prompt];
  // A list of numbers is one prompt.
  return prompt.every((each) => typeof each === "number") ? [prompt] : (prompt as (string | number[])[]);
}

/** `POST /v1/fim/completions`, as Mistral has it. */
export const fimCompletionRequest = z
  .object({ ...shared, prompt: z.string(), suffix: optional(z.string()) })
  .meta({ id: "CreateFimCompletionRequest" });

/** The request in Wick's words. */
export function fimRequestOf(body: z.infer<typeof fimCompletionRequest>): FimRequest {
  return { prompt: body.prompt, ...samplingOf(body), ...set({ suffix: body.suffix, maxTokens: body.max_tokens }) };
}
