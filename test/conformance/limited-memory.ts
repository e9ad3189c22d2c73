import type { ChatRequest, LoadOptions } from "wick";

/** Keys and values as large as they can be. */
export const limitedOptions: LoadOptions = { backend: "cpu", kvCache: "f32", threads: 1 };

/** One of several that want a megabyte and a half of keys and values each. */
export function shortRequest(randomSeed: number, maxTokens = 200): ChatRequest {
  const messages = [{ role: "user" as const, content: `${randomSeed}: tell me a story.` }];
  return { messages, temperature: 1, randomSeed, maxTokens, ignoreEos: true };
}

/** Wants ten megabytes. */
export const tooLong = "The quick brown fox jumps over the lazy dog. ".repeat(150);
