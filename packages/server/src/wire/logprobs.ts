import type { TokenLogprob } from "wick";
import { z } from "zod";

const tokenLogprob = z.object({
  token: z.string(),
  token_id: z.int().describe("Mistral's clients need it."),
  logprob: z.number(),
  bytes: z.array(z.int()),
});

/** How likely tokens were, as OpenAI's chats say it. */
export const chatLogprobsSchema = z
  .object({ content: z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) })) })
  .nullable();

const utf8 = new TextEncoder();

/** The same of a chat's choice; null where it was not asked for. */
export function chatLogprobs(tokens: readonly TokenLogprob[] | undefined): z.infer<typeof chatLogprobsSchema> {
  if (tokens === undefined) return null;
  return {
    content: tokens.map(({ token, id, logprob, bytes, top = [] }) => ({
      token,
      token_id: id,
      logprob,
      bytes: [...(bytes ?? utf8.encode(token))],
      top_logprobs: top.map((other) => ({
        token: other.token,
        token_id: other.id,
        logprob: other.logprob,
        bytes: [...utf8.encode(other.token)],
      })),
    })),
  };
}

/** How likely tokens were, as OpenAI's raw completions say it. */
export const textLogprobsSchema = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number()),
    top_logprobs: z.array(z.record(z.string(), z.number())),
    text_offset: z.array(z.int()),
  })
  .nullable();

/**
 * The same of a raw completion's choice.
 *
 * @param text - What these tokens became.
 * @param offset - Characters of the choice before it.
 */
export function textLogprobs(
  tokens: readonly TokenLogprob[] | undefined,
  text: string,
  offset: number,
): z.infer<typeof textLogprobsSchema> {
  if (tokens === undefined) return null;
  const decoder = new TextDecoder();
  const offsets: number[] = [];
  let at = 0;
  for (const { token, bytes } of tokens) {
    offsets.push(offset + at);
    // A token may be a part of a character, and a control token has no text.
    const piece = decoder.decode(bytes === undefined ? utf8.encode(token) : Uint8Array.from(bytes), { stream: true });
    if (text.startsWith(piece, at)) at += piece.length;
  }
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top = [] }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))),
    text_offset: offsets,
  };
}
